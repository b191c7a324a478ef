import { expect, test } from 'vitest';
import { defineEngine, type EngineProvider } from '../../../src/engine/provider.ts';
import { readOptions } from '../../../src/engine/outside-engine.ts';
import { ENGINES, engineChoice, engineOfRun, openEngine } from '../../../src/engine/registry.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { workFolder } from '../../fixtures/work-folder.ts';

async function open(choice: Parameters<typeof openEngine>[0]) {
  const folder = workFolder();
  const never = () => Promise.reject(new Error('not needed here'));
  const opened = await openEngine(choice, {
    store: await openStore(folder),
    environment: { PATH: '' },
    runnerModule: 'runner.js',
    scratchRoot: folder,
    toolsHere: never,
    publishBundle: never,
    outdatedImages: never,
  });
  await opened.engine.close();
  return opened;
}

test('every engine that comes with this package is found by its name', () => {
  expect(ENGINES.map(({ name }) => name)).toEqual(['local', 'slurm', 'aws-batch']);
});

test('a choice holds the flags of engines, and nothing else that was given', () => {
  const flags = { engine: 'slurm', queue: 'long', samples: 'a.csv', sbatchArg: ['--exclude=n7'], json: true };
  expect(engineChoice('slurm', flags)).toEqual({
    engine: 'slurm',
    flags: { queue: 'long', sbatchArg: ['--exclude=n7'] },
    options: [],
  });
});

test('a run keeps the flags that its engine was opened with', async () => {
  const { kept } = await open(engineChoice('local', { cpus: '2' }));
  expect(kept).toEqual({ engineFlags: { cpus: '2' } });
});

test('the engine of a run has its flags, except those that are given anew', async () => {
  const run = { engine: 'local', engineFlags: { cpus: '2', memory: '1GB', bygone: 'x' } };
  expect((await open(engineOfRun(run))).kept.engineFlags).toEqual({ cpus: '2', memory: '1GB' });
  const { engine, kept } = await open(engineOfRun(run, { memory: '2GB' }));
  expect(kept.engineFlags).toEqual({ cpus: '2', memory: '2GB' });
  expect((await engine.limits()).largestMemoryMiB).toBe(2048);
});

test.for<[string, Parameters<typeof engineChoice>, string]>([
  ['a flag of another engine', ['local', { queue: 'x' }], 'The local engine has no use for --queue'],
  ['an option for an engine with flags', ['local', {}, ['cpus=2']], 'The local engine has no use for --engine-option'],
  ['a file that is not there', ['./gone.ts', {}], 'There is no engine file ./gone.ts'],
])('%s is refused', async ([, choice, message]) => {
  await expect(open(engineChoice(...choice))).rejects.toThrow(message);
});

test('the name of an engine that only a later version has is not taken for that of a package', async () => {
  const run = { engine: 'zod', engineFlags: {} };
  await expect(open(engineOfRun(run))).rejects.toThrow('The run uses the engine zod, which this version does not have');
});

const LAB: EngineProvider = defineEngine({
  name: 'lab',
  flags: {
    maxJobs: { value: 'n', description: 'jobs', onRetry: true },
    host: { value: 'name', description: 'host', repeatable: true },
    dryRun: { description: 'nothing' },
  },
  open: () => Promise.reject(new Error('never opened')),
});

test('options are read by what the engine declares', () => {
  expect(readOptions(LAB, ['max-jobs=3', 'host=a', 'host=b=c', 'dry-run'], false)).toEqual({
    ...{ maxJobs: '3', host: ['a', 'b=c'], dryRun: true },
  });
  expect(readOptions(LAB, ['dry-run=false'], false)).toEqual({ dryRun: false });
  expect(readOptions(LAB, [], true)).toEqual({});
});

test.for<[string, string[], boolean, string]>([
  ['an unknown one', ['maxJobs=3'], false, 'The lab engine has no option "maxJobs"'],
  ['one without its value', ['max-jobs='], false, '"max-jobs" needs a value'],
  ['a switch with a value', ['dry-run=yes'], false, '"dry-run" takes no value'],
  ['one given twice', ['max-jobs=1', 'max-jobs=2'], false, '"max-jobs" is given twice'],
  ['one that a retry cannot change', ['host=a'], true, 'A retry cannot change "host"'],
  ['several problems at once', ['a=1', 'b=2'], false, '2 problems'],
])('%s is refused among the options', ([, options, isRetry, message]) => {
  expect(() => readOptions(LAB, options, isRetry)).toThrow(message);
});
