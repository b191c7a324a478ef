import { createInterface } from 'node:readline/promises';
import { PipelineError } from '../errors.ts';

/**
 * Asks on a terminal for a word that must be typed; without a terminal, `--yes` is required instead.
 * @throws PipelineError `not-confirmed`
 */
export async function confirm(question: string, word: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) throw notConfirmed(question, 'Give --yes where there is no terminal.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question}\nType "${word}" to do it: `);
    if (answer.trim() !== word) throw notConfirmed(question, 'Nothing was deleted.');
  } finally {
    terminal.close();
  }
}

function notConfirmed(question: string, hint: string): PipelineError {
  return new PipelineError({ code: 'not-confirmed', message: `Not confirmed: ${question}`, hint });
}
