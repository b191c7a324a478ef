import type { ShellValue } from '../pipeline/shell.ts';

/**
 * Cuts a template into an argument list. Only the template's own text is cut, at white space; a value is one whole
 * argument, or several for an array, and joins the text that touches it: `I=${path}` is one argument.
 */
export function templateArgv(template: TemplateStringsArray, values: readonly ShellValue[]): string[] {
  const argv: string[] = [];
  let glue = false;
  const push = (word: string): void => {
    if (glue) argv[argv.length - 1] += word;
    else argv.push(word);
  };
  for (const [i, text] of template.entries()) {
    const words = text.split(/\s+/);
    for (const [j, word] of words.entries()) {
      if (j > 0) glue = false;
      if (word === '') continue;
      push(word);
      glue = j === words.length - 1;
    }
    if (i >= values.length) continue;
    const value = values[i] as ShellValue;
    const items = typeof value === 'object' ? value : [value];
    for (const [j, item] of items.entries()) {
      if (j > 0) glue = false;
      push(String(item));
      glue = true;
    }
  }
  return argv;
}
