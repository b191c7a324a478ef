import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DescribedDefinition } from '../../../src/engine/aws-batch/batch-types.ts';
import { bundleGarbage } from '../../../src/gc/find-garbage.ts';
import { unusedDefinitions } from '../../../src/gc/definition-garbage.ts';
import { DAY_MS, type Garbage, GUARD_MS } from '../../../src/gc/garbage.ts';
import { type Holdings, outputGarbage, type OutputFolder } from '../../../src/gc/output-garbage.ts';
import { removalBatches, removeGarbage } from '../../../src/gc/collect-garbage.ts';
import { isLive, type RunFacts } from '../../../src/gc/run-facts.ts';
import { scratchSteps, servedReaders } from '../../../src/gc/used-tasks.ts';
import { PipelineError } from '../../../src/errors.ts';
import type { Manifest } from '../../../src/record/manifest.ts';
import { openFolderStore } from '../../../src/store/folder-store.ts';

const NOW = 1000 * DAY_MS;
const KEY = 'a'.repeat(40);

function step(name: string, ...upstream: string[]) {
  return { name, upstream };
}

describe('steps with intermediate outputs', () => {
  const picard = { ...step('picard'), intermediate: true as const };
  const fusion = [step('index'), picard, step('kallisto', 'picard', 'index'), step('pizzly', 'kallisto', 'index')];

  test('are those declared so', () => {
    expect(scratchSteps([fusion])).toEqual(new Map([['picard', new Set(['kallisto'])]]));
    expect(scratchSteps([])).toEqual(new Map());
  });

  test('must be so in every version of the pipeline; all that ever read them count', () => {
    expect(scratchSteps([fusion, [step('picard')]])).toEqual(new Map());
    const both = scratchSteps([fusion, [picard, step('counts', 'picard')]]);
    expect(both).toEqual(new Map([['picard', new Set(['kallisto', 'counts'])]]));
  });
});

describe('outputs', () => {
  function folder(name: string, facts: Partial<OutputFolder> & { age?: number } = {}): OutputFolder {
    const { age = 100 * DAY_MS, ...more } = facts;
    const task = `S.1.${KEY}`;
    const prefix = `v1/p/outputs/${name}/${task}-print/`;
    const files = [{ file: 'f', key: `${prefix}f`, size: 5, modified: NOW - age }];
    return { step: name, task, print: 'print', prefix, files, ...more };
  }
  const succeeded = (...steps: string[]) => new Set(steps.map((name) => `${name}/S.1.${KEY}`));
  const kinds = (holdings: Partial<Holdings>): string[] =>
    outputGarbage({
      ...{ pipeline: 'p', folders: [], succeeded: new Set<string>(), counting: new Map(), scratch: new Map() },
      ...{ recent: new Set<string>(), served: new Set<string>(), now: NOW, keepDays: 30 },
      ...holdings,
    }).map(({ kind, name }) => `${kind} ${name}`);
  const scratch = new Map([['a', new Set(['b'])]]);
  const way = { scratch, succeeded: succeeded('a', 'b'), served: new Set([`a/S.1.${KEY} b`]) };

  test('without a success are leftovers after an hour', () => {
    const left = [`leftover ${folder('a').prefix}`];
    expect(kinds({ folders: [folder('a')] })).toEqual(left);
    expect(kinds({ folders: [folder('a', { age: GUARD_MS })] })).toEqual(left);
    expect(kinds({ folders: [folder('a', { age: GUARD_MS - 1 })] })).toEqual([]);
    expect(kinds({ folders: [folder('a')], succeeded: succeeded('a') })).toEqual([]);
  });

  test('in several folders: the one on record stays', () => {
    const folders = [folder('a'), folder('a', { print: 'other', prefix: 'other/' })];
    const counting = new Map([[`a/S.1.${KEY}`, 'print']]);
    expect(kinds({ folders, counting, succeeded: succeeded('a') })).toEqual(['leftover other/']);
    // A record that cannot be read tells nothing.
    expect(kinds({ folders, succeeded: succeeded('a') })).toEqual([]);
  });

  test('that are intermediate are removed after the days, if every reader has a success and no recent run used them', () => {
    const gone = [`scratch ${folder('a').prefix}`];
    expect(kinds({ ...way, folders: [folder('a')] })).toEqual(gone);
    expect(kinds({ ...way, folders: [folder('a', { age: 30 * DAY_MS })] })).toEqual(gone);
    expect(kinds({ ...way, folders: [folder('a', { age: 30 * DAY_MS - 1 })] })).toEqual([]);
    expect(kinds({ ...way, folders: [folder('a')], served: new Set() })).toEqual([]);
    expect(kinds({ ...way, folders: [folder('a')], recent: new Set([`a/S.1.${KEY}`]) })).toEqual([]);
    expect(kinds({ ...way, folders: [folder('b')] })).toEqual([]);
  });
});

test('a reader is finished with outputs if it succeeded in a run that paired the two', () => {
  const held = { scratch: new Map([['a', new Set(['b'])]]), succeeded: new Set(['b/S.1', 'b/T.1']) };
  const sample = (name: string, a: string, b: string) => ({ name, tasks: { a: { key: a }, b: { key: b } } });
  expect(servedReaders([sample('S', '1', '1'), sample('S', '2', '2'), sample('T', '3', '1')], held)).toEqual([
    ...['a/S.1 b', 'a/T.3 b'],
  ]);
  // A run without the one or the other step.
  expect(servedReaders([{ name: 'S', tasks: { a: { key: '1' } } }], held)).toEqual([]);
  expect(servedReaders([{ name: 'S', tasks: { b: { key: '1' } } }], held)).toEqual([]);
});

test('a folder is removed in one batch', () => {
  const folder = (size: number) => ({ keys: Array.from({ length: size }, (_, i) => `${size}/${i}`) });
  const sizes = (...folders: number[]) =>
    removalBatches(folders.map((size) => folder(size))).map(({ length }) => length);
  expect(sizes(600, 300, 300, 0, 5)).toEqual([900, 305]);
  expect(sizes(999, 1, 1)).toEqual([1000, 1]);
  expect(sizes(1, 2500, 1)).toEqual([1, 2500, 1]);
  expect(sizes(0)).toEqual([]);
});

test('objects are removed first, and definitions that AWS keeps are reported as spared', async () => {
  const place = mkdtempSync(join(tmpdir(), 'garbage-'));
  onTestFinished(() => rmSync(place, { recursive: true }));
  const store = openFolderStore(place);
  const item = { group: '', size: 0, why: '' };
  const garbage: Garbage[] = [
    { ...item, kind: 'definition', name: 'arn', keys: [] },
    { ...item, kind: 'bundle', name: 'x', keys: ['x'] },
  ];
  const remove = async (error: Error) => {
    await store.write('x', '');
    return removeGarbage(store, { garbage, unfinished: new Map(), spared: [] }, () => Promise.reject(error));
  };
  const denied = new PipelineError({ code: 'aws-denied', message: 'AWS denies it' });
  expect(await remove(denied)).toEqual({
    garbage: [garbage[1]],
    spared: [{ what: 'job definitions', why: 'AWS denies it' }],
  });
  expect(await store.head('x')).toBeUndefined();
  await expect(remove(new Error('down'))).rejects.toThrow('down');
  expect(await store.head('x')).toBeUndefined();
});

function run(facts: Partial<RunFacts> & { image?: string; bundle?: string; code?: string } = {}): RunFacts {
  const { image = 'none', bundle = 'none', code = 'none', ...more } = facts;
  const manifest = {
    steps: [{ image }],
    bundle: { location: `s3://b/p/${bundle}`, sha256: '' },
    code: { location: `s3://b/p/${code}`, sha256: '' },
  } as unknown as Manifest;
  return { run: 'p-1', manifest, live: false, endedAt: NOW - 40 * DAY_MS, ...more };
}

test('a bundle stays as long as a run may need it, and the code of a run as long as the run', () => {
  const bundle = (age: number) => ({ key: 'v1/bundles/x.zip', size: 1, etag: '', modified: NOW - age });
  const found = (age: number, ...runs: RunFacts[]) =>
    bundleGarbage([bundle(age)], runs, { now: NOW, keepDays: 30 }).map(({ name }) => name);
  const mine = { bundle: 'v1/bundles/x.zip' };
  expect(found(50 * DAY_MS, run())).toEqual(['v1/bundles/x.zip']);
  expect(found(50 * DAY_MS, run(mine))).toEqual(['v1/bundles/x.zip']);
  expect(found(50 * DAY_MS, run({ ...mine, live: true }))).toEqual([]);
  expect(found(50 * DAY_MS, run({ code: mine.bundle }))).toEqual([]);
  expect(found(50 * DAY_MS, run({ ...mine, endedAt: NOW - DAY_MS }))).toEqual([]);
  expect(found(GUARD_MS - 1)).toEqual([]);
});

test('a job definition stays while its image or its role is in use elsewhere, or it is not ours', () => {
  const deployment = { jobRoleArn: 'role', conductorRoleArn: 'conductor', images: { picard: 'current' } };
  const ours = {
    name: 'batch-pipeline-picard-0123456789abcdef',
    revision: 1,
    arn: 'arn',
    image: 'old',
    jobRoleArn: 'role',
  };
  const unused = (definition: Partial<DescribedDefinition>, ...runs: RunFacts[]) =>
    unusedDefinitions([{ ...ours, ...definition }], deployment, runs).length === 1;
  expect(unused({})).toBe(true);
  expect(unused({ image: 'current' })).toBe(false);
  expect(unused({ jobRoleArn: 'conductor' })).toBe(true);
  expect(unused({ jobRoleArn: 'other' })).toBe(false);
  expect(unused({ jobRoleArn: undefined })).toBe(false);
  expect(unused({ name: 'batch-pipeline-mine' })).toBe(false);
  expect(unused({}, run({ image: 'old' }))).toBe(true);
  expect(unused({}, run({ image: 'old', live: true }))).toBe(false);
});

test('a run is live as long as its process, or on other engines until it is known to have ended', () => {
  const facts = { engine: 'local', beating: false, signs: NOW - GUARD_MS, now: NOW };
  expect(isLive(facts)).toBe(false);
  expect(isLive({ ...facts, signs: NOW - GUARD_MS + 1 })).toBe(true);
  expect(isLive({ ...facts, beating: true })).toBe(true);
  expect(isLive({ ...facts, engine: 'aws-batch' })).toBe(true);
});
