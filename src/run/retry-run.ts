import type { ChosenEngine } from '../engine/registry.ts';
import type { Engine } from '../engine/engine.ts';
import { ExitCode, PipelineError } from '../errors.ts';
import { type GcMark, readGcMark, refuseIfRemoved } from '../ledger/gc-mark.ts';
import { readHeartbeat } from '../ledger/heartbeat.ts';
import { nextSubmission, readJobs, readSubmitted, type SubmittedJob } from '../ledger/run-store.ts';
import { readTaskTable, type TaskTable } from '../ledger/task-table.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { runKeys } from '../record/keys.ts';
import type { JobDocument, Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import type { OnEvent } from './events.ts';
import { editedSteps, openPlannedCode, refuseOtherTools } from './planned-code.ts';
import { checkNeeds, refuseErrors } from './prepare.ts';
import { restoreBundle, restoreCode } from './restore-bundle.ts';
import { carryOn, isCutShort } from './resume.ts';
import { retryJobs } from './retry.ts';
import { submitJobs } from './submit.ts';
import { isOver, settleRun } from './watch.ts';
import type { Workspace } from './workspace.ts';
import { claimRetry, writeJobs } from './write-run.ts';

interface Retry {
  workspace: Workspace;
  manifest: Manifest;
  onEvent: OnEvent;
}

/**
 * Another submission over the run's own manifest, for what did not succeed; or the rest of a submission that was cut
 * short. `undefined` if there is nothing to retry.
 * @throws PipelineError `run-busy`, `code-changed`, `tool-changed`, `bundle-gone`
 */
export async function retryRun(
  { workspace, manifest, onEvent }: Retry,
  open: () => Promise<ChosenEngine>,
): Promise<SubmittedJob[] | undefined> {
  const { store } = workspace;
  // Before anything else is looked at: what is seen after this must still be there when it is used.
  const gcMark = await readGcMark(store);
  if (await readHeartbeat(store, manifest.run)) throw stillRunning(manifest.run);
  const opened = await open();
  const { engine, local, elsewhere, environments } = opened;
  // A run that was cancelled while it was submitted has lost its first jobs: nothing of it can continue.
  const isCancelled = await store.head(runKeys.cancelled(manifest.run));
  if (!isCancelled && (await isCutShort(store, engine, manifest.run)))
    return resume({ workspace, manifest, onEvent }, opened);
  const { pipeline, zip, folder } = await openPlannedCode(workspace, manifest, local !== undefined);
  const jobs = await jobsToRetry(store, engine, { manifest, pipeline });
  if (jobs.length === 0) return undefined;
  const steps = [...new Set(jobs.map(({ step }) => step))];
  const edited = await editedSteps(store, manifest, steps);
  if (edited.length > 0) onEvent({ kind: 'code-edited', run: manifest.run, steps: edited });
  if (!elsewhere) await refuseOtherTools(manifest, only(pipeline, steps), environments);
  refuseErrors(await checkNeeds(engine, jobs, (step) => imageOf(manifest, step)));
  await restoreBundle(store, manifest, elsewhere, zip);
  await begin({ store, manifest, jobs, gcMark });
  const tasks = jobs.reduce((sum, { size }) => sum + size, 0);
  onEvent({ kind: 'retrying', run: manifest.run, tasks, jobs: jobs.length });
  const submission = { store, engine, manifest, jobs, onEvent };
  return submitJobs({ ...submission, ...(local && folder !== undefined ? { codeFolder: folder } : {}) });
}

async function resume({ workspace, manifest, onEvent }: Retry, { engine, elsewhere }: ChosenEngine) {
  const { store } = workspace;
  onEvent({ kind: 'resumed', run: manifest.run });
  const zip = manifest.code && (await restoreCode(store, manifest));
  await restoreBundle(store, manifest, elsewhere, zip);
  return carryOn({ store, engine }, manifest, onEvent);
}

function only(pipeline: Pipeline, steps: readonly string[]): Pipeline {
  return { ...pipeline, steps: pipeline.steps.filter(({ name }) => steps.includes(name)) };
}

/** Jobs for what did not succeed. */
async function jobsToRetry(
  store: Store,
  engine: Engine,
  { manifest, pipeline }: { manifest: Manifest; pipeline: Pipeline },
): Promise<JobDocument[]> {
  const table = await settledTable(store, engine, manifest);
  const { maxArraySize, largestMemoryMiB } = await engine.limits();
  const earlier = await readJobs(store, manifest.run);
  const submission = await nextSubmission(store, manifest.run);
  return retryJobs({ pipeline, table, submission, earlier, maxArraySize, largestMemoryMiB });
}

/** Reopens the run, and writes down what is to be done. A retry that is refused leaves the run as it was. */
async function begin(retry: {
  store: Store;
  manifest: Manifest;
  jobs: readonly JobDocument[];
  gcMark: GcMark | undefined;
}): Promise<void> {
  const { store, jobs, gcMark } = retry;
  const { run } = retry.manifest;
  const claim = await claimRetry(store, run, jobs);
  try {
    await refuseIfRemoved(store, gcMark);
  } catch (error) {
    await store.remove([claim]);
    throw error;
  }
  await store.remove([runKeys.finished(run), runKeys.cancelled(run)]);
  await writeJobs(store, run, jobs);
}

/** The outcome of everything submitted so far; an engine elsewhere is asked first. */
async function settledTable(store: Store, engine: Engine, manifest: Manifest): Promise<TaskTable> {
  const submitted = await readSubmitted(store, manifest.run);
  if (submitted.length === 0) return readTaskTable(store, manifest);
  const statuses = await engine.poll(submitted.map(({ jobId }) => jobId));
  if (!isOver(statuses)) throw stillRunning(manifest.run);
  return (await settleRun({ store, engine, manifest, submitted }, { gather: false })).table;
}

function imageOf(manifest: Manifest, step: string): string | undefined {
  return manifest.steps.find(({ name }) => name === step)?.image;
}

function stillRunning(run: string): PipelineError {
  return new PipelineError({
    code: 'run-busy',
    message: `Run ${run} is still running`,
    hint: 'Wait for it, or stop it with "batch-pipeline cancel".',
    exitCode: ExitCode.unfinished,
  });
}
