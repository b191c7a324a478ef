/**
 * A copy of a string with its own memory. V8 keeps alive the whole text that a substring came from, so a few ids from
 * every part of a 1.5 GB file would keep all of it.
 */
export function ownString(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
