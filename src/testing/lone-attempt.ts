import { copyFileSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PipelineError } from '../errors.ts';
import type { CollectedFile, StepInput } from '../pipeline/inputs.ts';
import { type KnownSizes, taskResources } from '../pipeline/resources.ts';
import type { CohortMember, Step } from '../pipeline/step.ts';
import type { AttemptRecord } from '../record/attempt-record.ts';
import type { FileIdentity, Manifest } from '../record/manifest.ts';
import type { Attempt } from '../runner/attempt.ts';
import type { Cohort } from '../runner/cohort.ts';
import { hashFile } from '../store/hash-file.ts';
import type { Located } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';

/** One execution of a step without a run around it. */
export interface LoneTask {
  step: Step;
  sample: string;
  /** By input name: a path, the collected paths, or a value of the sample. */
  inputs: Readonly<Record<string, unknown>>;
  /** By the step's name of the param; others have their defaults. */
  params: Readonly<Record<string, unknown>>;
  members: readonly CohortMember[] | undefined;
  /** Folder that the step's `files` are relative to. */
  home: string;
}

/** What an attempt needs besides: an empty folder store, and what finds a file by its path. */
interface World {
  store: Store;
  locate: (location: string) => Promise<Located>;
}

/** An attempt at this task as the runner knows it: every file that the step reads is a column of its sample. */
export async function loneAttempt(task: LoneTask, world: World): Promise<Attempt> {
  const { step, home } = task;
  const files = await identifyFiles(task, world);
  const resources = taskResources(step, sizesOf(step, files), 'these inputs');
  const sample = task.step.scope === 'cohort' ? 'cohort' : task.sample;
  return {
    id: { run: 'test-1', submission: 0, attempt: 1 },
    ref: { pipeline: 'test', step: step.name, sample, key: '0'.repeat(40) },
    task: { store: world.store.url, run: 'test-1', job: step.name, index: 0, attempt: 1, scratchRoot: home, host: '' },
    manifest: manifestOf(task),
    job: { version: 1, job: step.name, step: step.name, submission: 0, size: 1, samples: [[0, 1]], resources, ...FREE },
    step: { ...step, inputs: asColumns(step) },
    code: { home, pipeline: { kind: 'batch-pipeline/1', ...NO_PIPELINE, steps: [step] } },
    sample: { name: sample, files, values: valuesOf(task), tasks: {} },
    cohort: await cohortOf(task, world),
  };
}

const FREE = { dependsOn: [], rank: 0 };
const NO_PIPELINE = { name: 'test', description: '', samples: {}, references: {}, params: {} };

function manifestOf({ step, params }: LoneTask): Manifest {
  const values = Object.entries(step.params).map(([name, param]) => [param.name, param.schema.parse(params[name])]);
  return {
    version: 2,
    run: 'test-1',
    nonce: '',
    pipeline: 'test',
    pipelineSource: 'test',
    createdAt: new Date().toISOString(),
    programVersion: '',
    engine: 'local',
    engineFlags: {},
    params: Object.fromEntries(values) as Record<string, unknown>,
    references: {},
    steps: [],
    sampleCount: 1,
    pages: [],
  };
}

/** Values stay as they are, and what is collected is found under the name of its input. */
function asColumns(step: Step): Record<string, StepInput> {
  const inputs = Object.entries(step.inputs).map(([name, input]): [string, StepInput] => {
    if (input.kind === 'sample-value') return [name, input];
    if (input.kind === 'collected') return [name, { ...input, step: name }];
    return [name, { kind: 'sample-file', column: name, description: '' }];
  });
  return Object.fromEntries(inputs);
}

async function identifyFiles({ step, inputs }: LoneTask, { locate }: World): Promise<Record<string, FileIdentity>> {
  const names = Object.entries(step.inputs).flatMap(([name, { kind }]) =>
    kind === 'sample-value' || kind === 'collected' ? [] : [name],
  );
  const files = names.map(async (name) => {
    const location = inputs[name];
    if (typeof location !== 'string') throw noInput(step, name, 'is missing', 'Give the path of a file.');
    const { store, key } = await locate(location);
    const found = await store.head(key);
    if (!found) throw noInput(step, name, `is ${location}, which does not exist`);
    return [name, { location, size: found.size, etag: found.etag }] as const;
  });
  return Object.fromEntries(await Promise.all(files));
}

function noInput({ name: step }: Step, name: string, problem: string, hint?: string): PipelineError {
  const facts = { code: 'object-not-found', message: `Input "${name}" of step ${step} ${problem}` };
  return new PipelineError(hint === undefined ? facts : { ...facts, hint });
}

/** Cells of the sample sheet: text, from which the column's schema makes the value. */
function valuesOf({ step, inputs }: LoneTask): Record<string, string> {
  const cells = Object.entries(step.inputs).flatMap(([name, input]) =>
    input.kind === 'sample-value' && inputs[name] !== undefined ? [[input.column, cellOf(inputs[name])]] : [],
  );
  return Object.fromEntries(cells) as Record<string, string>;
}

function cellOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function sizesOf(step: Step, files: Readonly<Record<string, FileIdentity>>): KnownSizes {
  const inputs = Object.entries(step.inputs);
  const of: KnownSizes['of'] = (file) => {
    const input = inputs.find(
      ([, one]) => one === file || (one.kind === 'first-of' && one.choices.includes(file as never)),
    );
    const size = files[input?.[0] ?? '']?.size ?? 0;
    return size === 0 ? 0 : 2 ** Math.ceil(Math.log2(size));
  };
  return { of, samples: 1 };
}

/** What a gather collects, published in the store as the steps before it would have done. */
async function cohortOf({ step, inputs, members }: LoneTask, { store }: World): Promise<Cohort> {
  const records = new Map<string, Record<string, AttemptRecord>>();
  for (const [name, input] of Object.entries(step.inputs)) {
    if (input.kind !== 'collected') continue;
    for (const { sample, path } of (inputs[name] ?? []) as CollectedFile[]) {
      if (!existsSync(path)) throw noInput(step, name, `of sample ${sample} is ${path}, which does not exist`);
      const location = join('collected', name, sample, basename(path));
      const sha256 = await hashFile(path);
      const target = store.localPath(location) ?? location;
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(path, target);
      const { size } = statSync(target);
      const record = { step: name, sample, outputs: [{ name: input.output, location, size, sha256 }] };
      records.set(sample, { ...records.get(sample), [name]: record as unknown as AttemptRecord });
    }
  }
  const collected = [...records].map(([sample, of]) => ({ sample, records: of }));
  const present = collected.map(({ sample }): CohortMember => ({ sample, steps: {} }));
  return { key: '', members: [...(members ?? present)], collected, absent: [] };
}
