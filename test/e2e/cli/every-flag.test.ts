import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from '@commander-js/extra-typings';
import { describe, expect, onTestFinished, test } from 'vitest';
import { exits } from '../../fixtures/cli.ts';
import { type FlagsAnswered, type FlagsAsked, leafCommands, newProgram } from '../../fixtures/flags-read.ts';
import { TWO_TEXTS, workFolder } from '../../fixtures/work-folder.ts';

/** What the words after a command are, and values of flags that take one. */
interface World {
  folder: string;
  store: string;
  /** Path. */
  pipeline: string;
}

/** A pipeline with something of everything. */
const PIPELINE = `
import { writeFileSync } from 'node:fs';
import { defineParams, definePipeline, defineReferences, defineSamples, defineStep, z } from 'batch-pipeline';
const samples = defineSamples({ txt: { file: 'A text' } });
const references = defineReferences({ genome: 'A file' });
const params = defineParams({ copies: z.number().default(1) });
const resources = { cpus: 1, memory: '100 MB', scratch: '1 MB', time: '5m' };
const step = (name, inputs, scope) => defineStep({
  name, scope, inputs, description: 'Writes', params, outputs: { out: name + '.txt' }, resources,
  async run({ outputs, params: { copies } }) { writeFileSync(outputs.out, String(copies)); },
});
const index = step('index', { genome: references.genome }, 'cohort');
const sorted = step('sorted', { text: samples.txt, index: index.outputs.out }, 'sample');
export default definePipeline({ name: 'all', description: 'All', samples, references, params, steps: [index, sorted] });
`;

/** Plain names are looked up in `--inputs`. */
function samplesOf({ folder }: World, given: readonly string[]): string {
  return given.includes('inputs') ? 'S1,S2' : join(folder, 'in/*.txt');
}

/** Commands that need nothing but this machine, with their words. */
const COMMANDS: Readonly<Record<string, (world: World, given: readonly string[]) => string[]>> = {
  plan: (world, given) => [world.pipeline, ...(/sample/i.test(given.join()) ? [] : ['-s', samplesOf(world, given)])],
  status: () => [],
  logs: () => ['S1'],
  retry: () => [],
  cancel: () => [],
  results: () => [],
  runs: () => [],
  samples: (world, given) => [
    samplesOf(world, given),
    ...(given.includes('pipeline') ? [] : ['--pipeline', world.pipeline]),
  ],
  doctor: ({ pipeline }) => [pipeline],
  check: ({ pipeline }) => [pipeline],
  init: ({ folder }) => [join(folder, 'new')],
  completion: () => ['bash'],
  gc: () => [],
  'reference build': ({ pipeline, folder }, given) => [
    'other',
    ...(given.includes('pipeline') ? [] : ['--pipeline', pipeline]),
    ...(given.includes('referenceFile') ? [] : ['--reference-file', `genome=${join(folder, 'in/S1.txt')}`]),
  ],
  'reference list': () => [],
  'reference check': () => ['one'],
};

const VALUES: Readonly<Record<string, (world: World) => string>> = {
  store: ({ store }) => store,
  samples: ({ folder }) => join(folder, 'in/*.txt'),
  sampleListFile: ({ folder }) => join(folder, 'list.csv'),
  inputs: ({ folder }) => join(folder, 'in'),
  reference: () => 'one',
  referenceFile: ({ folder }) => `genome=${join(folder, 'in/S1.txt')}`,
  param: () => 'copies=2',
  paramsFile: ({ folder }) => join(folder, 'params.yaml'),
  set: () => 'sorted.memory=90MB',
  engine: () => 'local',
  pipelineName: () => 'mine',
  cpus: () => '1',
  memory: () => '1GB',
  step: () => 'sorted',
  to: ({ folder }) => join(folder, 'results'),
  run: () => 'all-2',
  pipeline: ({ pipeline }) => pipeline,
  keepDays: () => '20',
  sbatchArg: () => '--exclude=n7',
  image: () => 'sorted=x',
};

/** Flags whose promise is kept without a look at them, by command. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  // Takes what `run` takes, so that one can be made of the other; and a bucket is opened before all else is looked at.
  plan: ['watch', 'pipelineName', 'bucketName'],
  // Stays on this machine to the end in any case, and ends where there is nothing to retry.
  retry: ['watch'],
  // Of a task that has ended there is nothing to follow.
  logs: ['follow'],
  // Tells of all samples as JSON.
  status: ['all'],
};

interface Flag {
  attribute: string;
  long: string;
  takesValue: boolean;
}

function flagsOf(program: Command, command: Command): Flag[] {
  return [...command.options, ...program.options]
    .filter(({ long }) => long !== '--version')
    .map((option) => ({ attribute: option.attributeName(), long: option.long ?? '', takesValue: option.required }));
}

/** Asks a process that runs this command which flags it looks at. */
function startAsking(world: World): (asked: FlagsAsked) => Promise<FlagsAnswered> {
  const env = { ...process.env, BATCH_PIPELINE_STORE: world.store };
  const script = join(import.meta.dirname, '../../fixtures/flags-read.ts');
  const child = fork(script, { cwd: world.folder, env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  onTestFinished(() => void child.kill());
  return async (asked) => {
    child.send(asked);
    const [answered] = (await once(child, 'message')) as [FlagsAnswered];
    return answered;
  };
}

/** A store with two finished runs and a reference. */
async function finished(): Promise<World> {
  const files = { 'list.csv': 'sample,txt\nS1,in/S1.txt\n', 'params.yaml': 'copies: 3\n', 'all.ts': PIPELINE };
  const folder = workFolder({ ...TWO_TEXTS, ...files });
  const [store, pipeline] = [join(folder, 'store'), join(folder, 'all.ts')];
  const here = ['--store', store];
  const reference = ['--pipeline', pipeline, '--reference-file', 'genome=in/S1.txt'];
  await exits(0, ['reference', 'build', 'one', ...reference, ...here], { cwd: folder });
  for (const more of [[], ['-p', 'copies=2']])
    await exits(0, ['run', pipeline, '-s', 'in/*.txt', '-r', 'one', ...here, ...more], { cwd: folder });
  return { folder, store, pipeline };
}

describe('no flag is ignored, alone or combined:', () => {
  test.for(Object.keys(COMMANDS))('%s', async (path) => {
    const world = await finished();
    const ask = startAsking(world);
    const program = newProgram();
    const command = leafCommands(program).find(([name]) => name === path)?.[1] as Command;
    const flags = flagsOf(program, command).filter(({ attribute }) => !KEPT[path]?.includes(attribute));
    const ignored: string[] = [];
    const refusedAlone = new Set<Flag>();
    const look = async (given: readonly Flag[]): Promise<void> => {
      const args = given.flatMap(({ attribute, long, takesValue }) =>
        takesValue ? [`${long}=${VALUES[attribute]?.(world) ?? 'x'}`] : [long],
      );
      const names = given.map(({ attribute }) => attribute);
      const seen = await ask({ path, args: [...(COMMANDS[path]?.(world, names) ?? []), ...args] });
      if (seen === 'refused') refusedAlone.add(given[0] as Flag);
      else if ('failed' in seen || !names.every((name) => seen.read.includes(name)))
        ignored.push(`${args.join(' ')}${'failed' in seen ? seen.failed : ''}`);
    };
    for (const flag of flags) await look([flag]);
    const usable = flags.filter((flag) => !refusedAlone.has(flag));
    for (const [i, one] of usable.entries()) for (const other of usable.slice(i + 1)) await look([one, other]);
    expect(ignored).toEqual([]);
  });

  test('for commands that need AWS or take minutes, the code reads every flag', () => {
    const root = resolve(import.meta.dirname, '../../../src/cli');
    const sources = (...names: string[]) => names.map((name) => readFileSync(join(root, name), 'utf8')).join('\n');
    const CODE: Readonly<Record<string, string>> = {
      run: sources(
        ...['commands/run.ts', 'run-flags.ts', 'session.ts', '../run/run-request.ts', '../engine/image-of.ts'],
        ...['local', 'slurm', 'aws-batch'].map((engine) => `../engine/${engine}/open-${engine}.ts`),
      ),
      // It replaces what ends a process.
      debug: sources('commands/debug.ts', 'session.ts'),
      demo: sources('commands/demo.ts'),
      'images build': sources('commands/images.ts'),
      'images push': sources('commands/images.ts', 'session.ts'),
      'images list': sources('commands/images.ts', 'session.ts'),
      deploy: sources('commands/deploy.ts', 'deploy-flags.ts', '../deploy/stack/stack-request.ts'),
      destroy: sources('commands/destroy.ts'),
    };
    const program = newProgram();
    const all = leafCommands(program).map(([path]) => path);
    expect([...Object.keys(COMMANDS), ...Object.keys(CODE)].toSorted()).toEqual(all.toSorted());
    for (const [path, command] of leafCommands(program)) {
      if (CODE[path] === undefined) continue;
      const idle = path === 'demo' || path === 'images build' ? ['store'] : [];
      const code = CODE[path].replaceAll(/^ {2}\w+\??: .*;$/gm, '');
      const unread = flagsOf(program, command)
        .map(({ attribute }) => attribute)
        .filter((name) => !idle.includes(name) && !new RegExp(`(\\.|[{,] ?|')${name}\\b`).test(code));
      expect(unread, path).toEqual([]);
    }
  });
});
