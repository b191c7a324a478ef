/**
 * One word of a POSIX shell that stands for exactly this text, whatever is in it. Everything is quoted, as even plain
 * letters can be a keyword (`time`).
 * @throws RangeError for a NUL character, which no argument can hold.
 */
export function quote(text: string): string {
  if (text.includes('\0')) throw new RangeError('A NUL character cannot be part of a command');
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The words of a command, each quoted. */
export function quoteCommand(words: readonly string[]): string {
  return words.map(quote).join(' ');
}
