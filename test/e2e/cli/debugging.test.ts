import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exits, PROGRAM, startProgram } from '../../fixtures/cli.ts';
import { workFolder } from '../../fixtures/work-folder.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/debugging.md'), 'utf8');

/** The code blocks of the page in a language. */
function blocks(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, text = '']) => text);
}

/** Without what differs from run to run, and from machine to machine. */
function settled(text: string, cwd?: string): string {
  const here = cwd === undefined ? text : text.replaceAll(cwd, '/home/me/words').replaceAll(hostname(), 'node1');
  return here.replaceAll(/\b\d+(\.\d+)? m?s\b/g, '<time>').replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<date>');
}

test('docs/debugging.md shows what the commands print', async () => {
  const cwd = workFolder({
    'in/S1.txt': 'pear\napple\npear\n',
    'in/S2.txt': 'plum\n',
    'count.js': blocks('js')[0] ?? '',
  });
  const shown = blocks('console');
  expect(shown.length).toBeGreaterThan(3);
  for (const block of shown) {
    const [, command = '', expected = ''] = /^\$ (.*)\n([^]*)$/.exec(block) ?? [];
    const script = `batch-pipeline() { '${process.execPath}' '${PROGRAM}' "$@"; }; ${command} 2>&1`;
    const { stdout } = await startProgram('bash', ['-c', script], { cwd }).over;
    expect(settled(stdout, cwd)).toContain(settled(expected));
  }
});

test('what --keep-scratch has kept survives the next run and gc, and AWS Batch refuses it', async () => {
  const cwd = workFolder({ 'in/S1.txt': 'pear\n', 'count.js': blocks('js')[0] ?? '' });
  const run = ['run', './count.js', '--samples', 'in/*.txt'];
  await exits(1, [...run, '--keep-scratch'], { cwd });
  await exits(1, run, { cwd });
  await exits(0, ['gc', '--apply', '--keep-days', '0'], { cwd });
  const kept = join(cwd, 'batch-pipeline-store/.scratch/kept/count-1.count.S1.0.1');
  expect(readFileSync(join(kept, 'S1.tvs'), 'utf8')).toBe('      1 pear\n');
  expect(readFileSync(join(kept, 'inputs/txt/S1.txt'), 'utf8')).toBe('pear\n');
  const refused = await exits(2, [...run, '--keep-scratch', '--engine', 'aws-batch'], { cwd });
  expect(refused.stderr).toContain('--keep-scratch');
});

test('debug publishes nothing, and works beside a folder that it made before', async () => {
  const good = (blocks('js')[0] ?? '').replace('.tvs', '.tsv');
  const cwd = workFolder({ 'in/S1.txt': 'pear\n', 'count.js': good });
  await exits(0, ['run', './count.js', '--samples', 'in/*.txt'], { cwd });
  const before = await exits(0, ['logs', 'S1', '--json'], { cwd });
  const first = await exits(0, ['debug', 'S1'], { cwd });
  expect(first.stdout).toContain('succeeded; nothing was published\noutputs:\n  table: S1.tsv\n');
  expect(first.stderr).toContain('counting S1\n');
  await exits(0, ['debug', 'S1', 'count'], { cwd });
  expect(readFileSync(join(cwd, 'debug/S1-count-2/S1.tsv'), 'utf8')).toBe('      1 pear\n');
  expect(await exits(0, ['logs', 'S1', '--json'], { cwd })).toEqual(before);
  const stranger = await exits(2, ['debug', 'S9'], { cwd });
  expect(stranger.stderr).toContain('has no sample "S9"');
  const taken = await exits(2, ['debug', 'S1', '--folder', 'in'], { cwd });
  expect(taken.stderr).toContain('in exists already');
});
