import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CollectedFile } from '../pipeline/inputs.ts';
import { stepPlace } from '../pipeline/step-origin.ts';
import { type CohortMember, type ContextOf, type Metric, type Step, StepFailure } from '../pipeline/step.ts';
import type { RecordedCheck } from '../record/attempt-record.ts';
import type { FailureCause } from '../record/cause.ts';
import { noWork } from '../runner/attempt.ts';
import { guarded } from '../runner/attempt-guard.ts';
import { openAttemptLog } from '../runner/attempt-log.ts';
import { openHolds } from '../runner/cache/holds.ts';
import { runAndPublish } from '../runner/perform-step.ts';
import { removeScratch } from '../runner/scratch.ts';
import { openFolderStore } from '../store/folder-store.ts';
import { createLocator } from '../store/open-store.ts';
import { openRunDocuments } from '../runner/run-documents.ts';
import { loneAttempt, type LoneTask } from './lone-attempt.ts';

type Steplike = Step & { run(context: never): Promise<void> };
/** What a step's `run` receives under this name, whatever the type of the context. */
type Part<S extends Steplike, Name extends string> =
  ContextOf<S> extends { readonly [K in Name]: infer T } ? T : Readonly<Record<string, never>>;

/** A file by its path, those of a gather with their samples; a value as in a cell of the sample sheet. */
type Given<T> = T extends readonly CollectedFile[] ? T : T extends string | number | boolean ? T : string;
type GivenInputs<I> = {
  readonly [K in keyof I as undefined extends I[K] ? never : K]: Given<I[K]>;
} & {
  readonly [K in keyof I as undefined extends I[K] ? K : never]?: Given<NonNullable<I[K]>>;
};

/** What `runStep` needs to know of a task. */
export interface StepRun<S extends Steplike> {
  /** By input name: the path of a file (never changed), `{ sample, path }[]` of a gather, or a value of the sample. */
  inputs: GivenInputs<Part<S, 'inputs'>>;
  /** Others have their defaults. */
  params?: Partial<Part<S, 'params'>>;
  /** Name of the sample; default `S1`. */
  sample?: string;
  /** Of a gather: all samples of the run; by default those that are collected. */
  members?: readonly CohortMember[];
  /** Folder that the step's `files` are relative to; by default that of the module that defines the step. */
  home?: string;
  /** Stops the step, as `cancel` does. */
  signal?: AbortSignal;
}

/** What a step has left. `using done = await runStep(…)` removes its files at the end of the block. */
export interface FinishedStep<S extends Steplike> extends Disposable {
  /** Paths by output name. An optional output that was not written is absent. */
  readonly outputs: Part<S, 'outputs'>;
  /** Content of an output, as UTF-8. */
  text(output: keyof Part<S, 'outputs'>): string;
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly checks: readonly RecordedCheck[];
  /** Command lines and output of the tools, and what the step logs. */
  readonly log: string;
  /** Removes the outputs. */
  remove(): void;
}

/** Why a step failed: `reason` is the cause, such as `tool`, `check` or `input`. */
export class FailedStep extends StepFailure {
  /** As of `FinishedStep`. */
  readonly log: string;

  constructor({ cause, message, hint }: { cause: FailureCause; message: string; hint?: string }, log: string) {
    super(cause, message, hint === undefined ? {} : { hint });
    this.name = 'FailedStep';
    this.log = log;
  }
}

/** An attempt watches its process for tools and streams that it leaves behind: two at a time would see each other's. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs one step as a runner does, without a run or a store: inputs staged in a scratch folder, tools from PATH, outputs
 * that must exist when `run` has returned.
 * @throws FailedStep with cause and log where the step fails; PipelineError for an input that does not exist
 * @example
 * using done = await runStep(sorted, { inputs: { lines: 'reads/S1.txt' } });
 * assert.equal(done.text('sorted'), 'apple\npear\n');
 */
export function runStep<S extends Steplike>(step: S, run: StepRun<S>): Promise<FinishedStep<S>> {
  const done = last.then(() => perform(step, run));
  last = done.catch(() => undefined);
  return done;
}

async function perform<S extends Steplike>(step: S, run: StepRun<S>): Promise<FinishedStep<S>> {
  const folder = mkdtempSync(join(tmpdir(), 'batch-pipeline-step-'));
  const remove = (): void => removeScratch(folder);
  try {
    const { outputs, observed, log } = await performIn(folder, taskOf(step, run), run.signal);
    return {
      outputs: outputs as Part<S, 'outputs'>,
      text: (name) => readFileSync(outputs[name as string] ?? '', 'utf8'),
      metrics: observed.metrics,
      checks: observed.checks,
      log,
      remove,
      [Symbol.dispose]: remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
}

function taskOf<S extends Steplike>(step: S, run: StepRun<S>): LoneTask {
  const { inputs, params = {}, sample = 'S1', members } = run;
  const home = run.home ?? dirname(stepPlace(step.name, step) ?? '.');
  return { step, sample, inputs: inputs as Readonly<Record<string, unknown>>, params, members, home };
}

async function performIn(folder: string, task: LoneTask, abort: AbortSignal | undefined) {
  const [scratch, stored] = [join(folder, 'scratch'), join(folder, 'outputs')];
  for (const one of [scratch, stored]) mkdirSync(one);
  const store = openFolderStore(stored);
  const locate = createLocator();
  const attempt = await loneAttempt(task, { store, locate });
  const place = { store, locate, documents: openRunDocuments(store), code: async () => attempt.code, cache: undefined };
  const log = openAttemptLog(join(scratch, 'attempt.log'));
  const work = noWork();
  const holds = openHolds();
  try {
    const failure = await guarded((guard) => {
      const signal = AbortSignal.any([guard.signal, ...(abort ? [abort] : [])]);
      return runAndPublish(
        attempt,
        { ...place, environment: process.env },
        { scratch, log, signal, work, holds, guard },
      );
    });
    if (failure) throw new FailedStep(failure, log.since(0));
    const outputs = work.outputs.map(({ name, location }) => [name, store.localPath(location)]);
    return {
      outputs: Object.fromEntries(outputs) as Record<string, string>,
      observed: work.observed,
      log: log.since(0),
    };
  } finally {
    log.close();
    holds.release();
    removeScratch(scratch);
  }
}
