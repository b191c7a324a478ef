import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { exits } from '../../fixtures/cli.ts';
import { FROZEN, FROZEN_RUNS, frozenStore } from '../../fixtures/frozen-store.ts';
import { filesIn, workFolder } from '../../fixtures/work-folder.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../../examples');

/** `step: reason` of everything that a run would do. */
async function reasons(args: readonly string[], cwd: string): Promise<string[]> {
  const { stdout } = await exits(0, ['--json', 'plan', ...args], { cwd });
  const plan = JSON.parse(stdout) as { reasons: { step: string; reason: string }[] };
  return plan.reasons.map(({ step, reason }) => `${step}: ${reason}`);
}

function edit(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

test('plan reports which step a helper in the same file changes; comments and another folder change nothing', async () => {
  const cwd = workFolder();
  cpSync(EXAMPLES, join(cwd, 'here'), { recursive: true });
  await exits(0, ['run', 'here/word-count.ts', '--samples', 'here/data/*.txt'], { cwd });

  edit(join(cwd, 'here/word-count.ts'), 'function wordsIn', '/** The first number. */\nfunction   wordsIn');
  mkdirSync(join(cwd, 'there'));
  renameSync(join(cwd, 'here/word-count.ts'), join(cwd, 'there/words.ts'));
  const args = ['there/words.ts', '--samples', 'here/data/*.txt'];
  expect(await reasons(args, cwd)).toEqual([]);

  edit(join(cwd, 'there/words.ts'), "sample\\twords', ...", "sample\\tnumber', ...");
  expect(await reasons(args, cwd)).toEqual(['rank: code changed']);

  edit(join(cwd, 'there/words.ts'), '10);\n}', '10) + 1;\n}');
  expect(await reasons(args, cwd)).toEqual(['count: code changed', 'rank: code and inputs changed']);
});

const SCRIPTED = `import { definePipeline, defineSamples, defineStep } from 'batch-pipeline';
const samples = defineSamples({ txt: { file: 'text' } });
const label = defineStep({
  name: 'label', description: 'd', inputs: { text: samples.txt }, outputs: { out: '{sample}.out' },
  files: ['./label.sh', 'tables/names.tsv'],
  resources: { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '5m' },
  async run({ inputs, outputs, files, $ }) {
    await $({ stdoutTo: outputs.out })\`bash \${files['./label.sh']} \${files['tables/names.tsv']} \${inputs.text}\`;
  },
});
export default definePipeline({ name: 'labels', description: 'd', samples, steps: [label] });
`;

test('declared files are available to run, and count by content', async () => {
  const cwd = workFolder();
  for (const folder of ['tables', 'in']) mkdirSync(join(cwd, folder));
  writeFileSync(join(cwd, 'labels.ts'), SCRIPTED);
  writeFileSync(join(cwd, 'label.sh'), 'cat "$1" "$2"\n');
  writeFileSync(join(cwd, 'tables/names.tsv'), 'first\n');
  writeFileSync(join(cwd, 'in/A.txt'), 'text\n');
  const args = ['labels.ts', '--samples', 'in/*.txt'];
  const results = async (): Promise<string[]> => {
    await exits(0, ['run', ...args], { cwd });
    const store = join(cwd, 'batch-pipeline-store');
    return filesIn(store, 'v1/labels/outputs/**').map((name) => readFileSync(join(store, name), 'utf8'));
  };
  expect(await results()).toEqual(['first\ntext\n']);

  writeFileSync(join(cwd, 'tables/names.tsv'), 'first\n');
  expect(await reasons(args, cwd)).toEqual([]);
  writeFileSync(join(cwd, 'tables/names.tsv'), 'second\n');
  expect(await reasons(args, cwd)).toEqual(['label: code changed']);
  expect((await results()).toSorted()).toEqual(['first\ntext\n', 'second\ntext\n']);

  rmSync(join(cwd, 'label.sh'));
  const { stderr } = await exits(2, ['plan', ...args], { cwd });
  expect(stderr).toContain('The file "./label.sh" of step label does not exist');
});

test('reading an undeclared file is refused before anything runs', async () => {
  const cwd = workFolder();
  writeFileSync(join(cwd, 'A.txt'), 'text\n');
  writeFileSync(join(cwd, 'label.sh'), 'cat "$1" "$2"\n');
  const undeclared = SCRIPTED.replace(/ {2}files: .*\n/, '').replace(
    /\$\{files.*names\.tsv'\]\}/,
    "${new URL('./label.sh', import.meta.url).pathname} /dev/null",
  );
  writeFileSync(join(cwd, 'labels.ts'), undeclared);
  const { stderr } = await exits(2, ['run', 'labels.ts', '--samples', '*.txt'], { cwd });
  expect(stderr).toContain('Step label reads "./label.sh" without declaring it');
  expect(stderr).toMatch(/labels\.ts:\d+:\d+/);
  expect(stderr).toContain("files: ['./label.sh']");
  expect(existsSync(join(cwd, 'batch-pipeline-store/v1/runs'))).toBe(false);
});

test('earlier results still belong to the same code, once a run has adopted them', async () => {
  const frozen = await frozenStore();
  const [, ...flags] = FROZEN_RUNS.texts;
  const copy = join(frozen.store, '../copy/texts.ts');
  cpSync(join(FROZEN, 'pipelines'), join(copy, '..'), { recursive: true });
  const plan = async (): Promise<string[]> => {
    const { stdout } = await frozen.current('--json', 'plan', copy, ...flags);
    const { reasons: all } = JSON.parse(stdout) as { reasons: { step: string; reason: string }[] };
    return all.map(({ step, reason }) => `${step}: ${reason}`);
  };
  expect((await plan()).filter((reason) => reason.includes('code'))).toEqual([]);
  expect((await frozen.current('run', copy, ...flags)).code).toBe(0);
  expect(filesIn(frozen.store, 'v1/texts/code/*').length).toBeGreaterThan(0);

  writeFileSync(copy, readFileSync(copy, 'utf8').replaceAll(/(run\([^)]*\) \{)/g, '$1 /* not seen before */'));
  expect(readFileSync(copy, 'utf8')).toContain('not seen before');
  expect(await plan()).toEqual([]);
});
