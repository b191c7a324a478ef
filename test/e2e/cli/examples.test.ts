import { cpSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { exits } from '../../fixtures/cli.ts';
import { closing } from '../../fixtures/told.ts';
import { workFolder } from '../../fixtures/work-folder.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../../examples');

/** The commands that an example's head comment tells to run. */
function toldCommands(file: string): string[][] {
  const text = readFileSync(join(EXAMPLES, file), 'utf8');
  const lines = [...text.matchAll(/^ \* {5}batch-pipeline (.+)$/gm)];
  return lines.map(([, line = '']) => line.split(' ').map((word) => word.replaceAll("'", '')));
}

test('every example states how to run it, and runs that way', async () => {
  const files = globSync('*.ts', { cwd: EXAMPLES });
  expect(files).toContain('word-count.ts');
  for (const file of files) {
    const cwd = workFolder();
    cpSync(EXAMPLES, join(cwd, 'examples'), { recursive: true });
    const commands = toldCommands(file);
    expect([file, commands.length]).not.toEqual([file, 0]);
    for (const command of commands) await exits(0, command, { cwd });
  }
});

test('word-count ranks the texts by their words, and obeys its param', async () => {
  const cwd = workFolder();
  cpSync(EXAMPLES, join(cwd, 'examples'), { recursive: true });
  const [command = []] = toldCommands('word-count.ts');
  const ranking = async (): Promise<string> => {
    await exits(0, ['results', '--step', 'rank', '--to', 'out'], { cwd });
    return readFileSync(join(cwd, 'out/cohort/rank/ranking.tsv'), 'utf8');
  };
  expect(closing(await exits(0, command, { cwd }), cwd)).toMatchInlineSnapshot(`
    "exit 0
    Run word-count-1: 3 samples, 3 succeeded; 4 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline results"
  `);
  const words = (name: string) =>
    readFileSync(join(EXAMPLES, 'data', `${name}.txt`), 'utf8')
      .trim()
      .split(/\s+/).length;
  const counted = ['fox', 'hamlet', 'whale'].map((sample) => ({ sample, words: words(sample) }));
  const lines = counted
    .toSorted((a, b) => b.words - a.words)
    .map(({ sample, words: number }) => `${sample}\t${number}`);
  expect(await ranking()).toBe(['sample\twords', ...lines, ''].join('\n'));

  expect(closing(await exits(0, [...command, '-p', 'top=1'], { cwd }), cwd)).toMatchInlineSnapshot(`
    "exit 0
    Run word-count-2: 3 samples, 3 succeeded; 1 task run, 3 up to date, in <seconds>.
    next: batch-pipeline results"
  `);
  expect(await ranking()).toBe(['sample\twords', lines[0], ''].join('\n'));
});
