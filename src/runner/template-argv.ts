import type { ShellValue } from '../pipeline/shell.ts';
import { StepFailure } from '../pipeline/step.ts';

/** Replaces quoted, escaped and interpolated parts in a word's bare text. */
const PROTECTED = '\0';

interface Word {
  text: string;
  /** The template's own text outside of quotes. */
  bare: string;
}

/** Template text as typed: characters escaped only for JavaScript's syntax are unescaped. */
export function typedTexts({ raw }: TemplateStringsArray): string[] {
  return raw.map((text) => text.replaceAll(/\\(`|\$\{)/g, '$1'));
}

/**
 * Splits a template into an argument list. Only the template's own text is split, at white space outside of quotes; a
 * value is one whole argument, or several for an array, and joins the text that touches it: `I=${path}` is one
 * argument. Quotes and backslashes mean what they mean to a shell.
 * @throws StepFailure for what only a shell would understand: `|`, `>`, `*`, `$(…)`…
 */
export function templateArgv(template: TemplateStringsArray, values: readonly ShellValue[]): string[] {
  const cutter = new Cutter();
  for (const [i, text] of typedTexts(template).entries()) {
    cutter.addText(text);
    if (i < values.length) cutter.addValue(values[i] as ShellValue);
  }
  const argv = cutter.finish();
  refuseSilentPipe(argv);
  return argv;
}

class Cutter {
  readonly #words: Word[] = [];
  #word: Word | undefined;
  #quote: string | undefined;

  /** One token of the text at a time: an escape, a quote, a run of white space, anything else. */
  addText(text: string): void {
    for (const token of text.match(/\\[^]|\s+|[^]/g) ?? []) {
      if (this.#quote === undefined) this.#addBare(token);
      else this.#addQuoted(token, this.#quote);
    }
  }

  addValue(value: ShellValue): void {
    const items = typeof value === 'object' ? value : [value];
    for (const [i, item] of items.entries()) {
      if (i > 0 && this.#quote === undefined) this.#endWord();
      else if (i > 0) this.#add(' ', PROTECTED);
      this.#add(String(item), PROTECTED);
    }
  }

  finish(): string[] {
    if (this.#quote !== undefined) throw new StepFailure('tool', `A ${this.#quote} in a $ template is never closed`);
    this.#endWord();
    for (const word of this.#words) refuseShellSyntax(word);
    return this.#words.map(({ text }) => text);
  }

  #addBare(token: string): void {
    if (/^\s/.test(token)) this.#endWord();
    else if (token === '"' || token === "'") this.#open(token);
    else if (token.length === 2) this.#addEscaped(token);
    else this.#add(token, token);
  }

  #addEscaped(token: string): void {
    if (token === '\\\n') this.#endWord();
    else this.#add(token.slice(1), PROTECTED);
  }

  #addQuoted(token: string, quote: string): void {
    if (token === quote) this.#quote = undefined;
    else if (quote === '"' && /^\\["\\$`]/.test(token)) this.#add(token.slice(1), PROTECTED);
    else if (token === `\\${quote}`) {
      this.#add('\\', PROTECTED);
      this.#quote = undefined;
    } else this.#add(token, PROTECTED);
  }

  #open(quote: string): void {
    this.#quote = quote;
    this.#add('', PROTECTED);
  }

  #add(text: string, bare: string): void {
    this.#word ??= { text: '', bare: '' };
    this.#word.text += text;
    this.#word.bare += bare;
  }

  #endWord(): void {
    if (this.#word) this.#words.push(this.#word);
    this.#word = undefined;
  }
}

const SHELL_HINT = 'A pipe or a list of commands is written $.bash`…`; in quotes it is an argument like any other.';
const REDIRECT_HINT =
  '$({ stdoutTo: path })`…` sends the output to a file, and $.bash`…` knows > and <; in quotes it is an argument.';
const EXPANSION_HINT =
  'Insert the value with ${…}, several as an array, or write $.bash`…`; quotes make it an argument.';

const SHELL_SYNTAX: readonly [RegExp, string][] = [
  [/\||^&&?$|;$/, SHELL_HINT],
  [/^\d*(?:>|<)|^&>/, REDIRECT_HINT],
  [/\*|`|\$[({A-Za-z_]/, EXPANSION_HINT],
];

function refuseShellSyntax({ text, bare }: Word): void {
  const hint = SHELL_SYNTAX.find(([pattern]) => pattern.test(bare))?.[1];
  if (hint === undefined) return;
  throw new StepFailure('tool', `"${text}" in a $ template: it runs one tool, without a shell to interpret this`, {
    hint,
  });
}

/** `bash -c 'a | b'` exits as `b` does: a failure of `a` would go unnoticed. */
function refuseSilentPipe(argv: readonly string[]): void {
  const [program = ''] = argv;
  if (!/^(?:.*\/)?(?:ba|da|a|z|k)?sh$/.test(program)) return;
  const script = argv.find((_, i) => i > 1 && /^-\w*c\w*$/.test(argv[i - 1] as string));
  if (script === undefined || argv.some((word) => word.includes('pipefail')) || !hasPipe(script)) return;
  throw new StepFailure('tool', `A pipe in ${program} -c hides the failure of all its parts but the last`, {
    hint: 'Write $.bash`…`, which fails when any part fails, or set -o pipefail, also where the | is only part of a pattern, as in case … in a|b).',
  });
}

function hasPipe(script: string): boolean {
  const unquoted = script.replaceAll(/\\[^]|'[^']*'|"(?:\\[^]|[^"\\])*"|(?<=^|\s)#.*/g, '');
  return /(?<!\||>)\|(?!\|)/.test(unquoted);
}
