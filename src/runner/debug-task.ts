import { existsSync, mkdirSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PipelineError } from '../errors.ts';
import { readSamples } from '../ledger/task-table.ts';
import type { JobDocument, Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import { openAttempt, noWork } from './attempt.ts';
import { guarded, guardProcess } from './attempt-guard.ts';
import { openAttemptLog } from './attempt-log.ts';
import { openHolds } from './cache/holds.ts';
import type { AttemptFailure } from './failure.ts';
import { followLog } from './follow-log.ts';
import { explainFailure, performStep, type Room } from './perform-step.ts';
import { type DeclaredOutput, refuseMissing } from './publish.ts';
import { openRunCode, unpackRunCode } from './run-code.ts';
import { CODE_FOLDER, LOG_FILE } from './scratch.ts';
import { type Equipment, openWorkplace } from './workplace.ts';

export interface DebugRequest {
  manifest: Manifest;
  step: string;
  /** `cohort` for a cohort step. */
  sample: string;
  /** New folder to work in; it is kept. */
  folder: string;
  signal: AbortSignal;
  /** Receives what the step and its tools print. */
  write: (chunk: Uint8Array) => void;
}

export interface DebugEnd {
  /** Absolute. */
  folder: string;
  /** Command lines of the tools, in order, as they can be pasted into a shell that works in the folder. */
  commands: string[];
  /** Paths of the outputs that the step has written, by name. */
  outputs: Record<string, string>;
  failure: AttemptFailure | undefined;
}

/**
 * Runs one task of a run again, in this process: with the inputs of the run, staged into a folder that is kept, and
 * with the code of the run. Nothing is published or recorded. What the step prints until its end goes to `write`.
 * @throws PipelineError `folder-exists`; `step-unknown` or `sample-unknown` where the run has no such task
 */
export async function debugTask(
  store: Store,
  request: DebugRequest,
  equipment: Omit<Equipment, 'code' | 'cache' | 'planned'>,
): Promise<DebugEnd> {
  const { manifest, signal, write } = request;
  const folder = resolve(request.folder);
  if (existsSync(folder)) throw folderExists(request.folder);
  const job = await debugJob(store, request);
  mkdirSync(folder, { recursive: true });
  const opened = await openWorkplace(store.url, { ...equipment, cache: undefined, planned: false, code: openRunCode });
  const place = {
    ...opened,
    documents: { ...opened.documents, job: async () => job },
    code: (run: Manifest, task: Parameters<typeof opened.code>[1]) =>
      codeIn(join(folder, CODE_FOLDER), run, task, store),
  };
  const [scratchRoot, host] = [join(tmpdir(), 'batch-pipeline-debug'), hostname()];
  const task = { store: store.url, run: manifest.run, job: job.job, index: 0, attempt: 1, scratchRoot, host };
  guardProcess();
  return guarded(async (guard) => {
    const attempt = await openAttempt(task, place, signal);
    const log = openAttemptLog(join(folder, LOG_FILE));
    const unfollow = followLog(log.path, write);
    const holds = openHolds();
    const commands: string[] = [];
    const command = (text: string): void => {
      commands.push(text);
      log.command(text);
    };
    guard.log = log;
    const both = AbortSignal.any([signal, guard.signal]);
    const room: Room = { scratch: folder, log: { ...log, command }, signal: both, work: noWork(), holds, guard };
    let outputs: DeclaredOutput[] = [];
    let failure: AttemptFailure | undefined;
    try {
      outputs = await performStep(attempt, place, room);
      refuseMissing(job.step, outputs, folder);
    } catch (error) {
      failure = explainFailure(error, attempt, room);
    } finally {
      unfollow();
      holds.release();
      log.close();
    }
    const written = outputs.filter(({ path }) => existsSync(path)).map(({ name, path }) => [name, path]);
    return { folder, commands, outputs: Object.fromEntries(written), failure };
  });
}

const codeIn = async (folder: string, ...[manifest, task, store]: Parameters<typeof openRunCode>) => {
  if (!manifest.code) return openRunCode(manifest, task, store);
  mkdirSync(folder, { recursive: true });
  return unpackRunCode(store, manifest.code, folder);
};

/** A job of this one task. */
async function debugJob(store: Store, { manifest, step, sample }: DebugRequest): Promise<JobDocument> {
  const described = manifest.steps.find(({ name }) => name === step);
  if (!described) {
    const hint = `Steps: ${manifest.steps.map(({ name }) => name).join(', ')}.`;
    throw new PipelineError({ code: 'step-unknown', message: `There is no step "${step}"`, hint });
  }
  const job = { version: 1 as const, job: `debug-${step}`, step, submission: 0, size: 1, rank: 0, dependsOn: [] };
  const { resources } = described;
  if (described.scope === 'cohort') return { ...job, resources, samples: [] };
  const position = (await readSamples(store, manifest)).findIndex(({ name }) => name === sample);
  if (position >= 0) return { ...job, resources, samples: [[position, 1]] };
  throw new PipelineError({ code: 'sample-unknown', message: `Run ${manifest.run} has no sample "${sample}"` });
}

function folderExists(folder: string): PipelineError {
  return new PipelineError({
    code: 'folder-exists',
    message: `${folder} exists already`,
    hint: 'Remove it, or name another one: --folder.',
  });
}
