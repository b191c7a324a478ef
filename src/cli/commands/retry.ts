import { ExitCode, PipelineError } from '../../errors.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { runKeys } from '../../record/keys.ts';
import { readHeartbeat } from '../../ledger/heartbeat.ts';
import { type GcMark, readGcMark, refuseIfRemoved } from '../../ledger/gc-mark.ts';
import { checkNeeds, refuseErrors } from '../../run/prepare.ts';
import { retryJobs } from '../../run/retry.ts';
import type { Engine } from '../../engine/engine.ts';
import type { LocalEngine } from '../../engine/local/local-engine.ts';
import type { JobDocument, Manifest } from '../../record/manifest.ts';
import {
  findRun,
  nextSubmission,
  readJobs,
  readManifest,
  readSubmitted,
  type SubmittedJob,
} from '../../ledger/run-store.ts';
import { carryOn, isCutShort } from '../../run/resume.ts';
import { submitJobs } from '../../run/submit.ts';
import { readTaskTable, type TaskTable } from '../../ledger/task-table.ts';
import { isOver, settleRun } from '../../run/watch.ts';
import type { Store } from '../../store/store.ts';
import { claimRetry, writeJobs } from '../../run/write-run.ts';
import { count } from '../../views/columns.ts';
import { driveRun } from '../drive-run.ts';
import { type EngineFlags, openEngineOfRun } from '../engines.ts';
import { notice, printJson } from '../print.ts';
import { compareCode, openPlannedCode, refuseOtherTools } from '../planned-code.ts';
import { openSession, storeUrl } from '../session.ts';
import { restoreBundle, restoreCode } from '../restore-bundle.ts';
import { commandWith } from './run.ts';

/** `batch-pipeline retry [RUN]`: another submission over the run's own manifest. */
export async function retryCommand(
  name: string | undefined,
  flags: Partial<EngineFlags> & { store?: string; json?: boolean; watch?: boolean },
): Promise<ExitCode> {
  const { store } = await openSession(storeUrl(flags));
  // Before anything else is looked at: what is seen after this must still be there when it is used.
  const gcMark = await readGcMark(store);
  const manifest = await readManifest(store, await findRun(store, name));
  if (await readHeartbeat(store, manifest.run)) throw stillRunning(manifest.run);
  const { engine, local, elsewhere, environments } = await openEngineOfRun(manifest, store, flags);
  const follow = (submitted: readonly SubmittedJob[]) =>
    followRetry({ store, engine, local, manifest, submitted }, flags);
  // What was cancelled while it was submitted has lost its first jobs: nothing of it can go on.
  const isCancelled = await store.head(runKeys.cancelled(manifest.run));
  if (!isCancelled && (await isCutShort(store, engine, manifest.run))) {
    notice(`Run ${manifest.run}: its submission was cut short, and goes on.`);
    const zip = manifest.code && (await restoreCode(store, manifest));
    await restoreBundle(store, manifest, elsewhere, zip);
    return follow(await carryOn({ store, engine }, manifest, () => undefined));
  }
  const { pipeline, zip, folder } = await openPlannedCode(store, manifest, local !== undefined);
  const jobs = await plannedJobs(store, engine, { manifest, pipeline });
  if (jobs.length === 0) {
    if (flags.json) printJson({ kind: 'nothing-to-retry', run: manifest.run });
    else notice(`Run ${manifest.run} has nothing to retry.`);
    return ExitCode.ok;
  }
  const steps = [...new Set(jobs.map(({ step }) => step))];
  await compareCode(store, manifest, steps);
  if (!elsewhere) await refuseOtherTools(manifest, only(pipeline, steps), environments);
  refuseErrors(await checkNeeds(engine, jobs, (step) => imageOf(manifest, step)));
  await restoreBundle(store, manifest, elsewhere, zip);
  await begin({ store, manifest, jobs, gcMark });
  notice(
    `Run ${manifest.run}: retrying ${count(
      jobs.reduce((sum, { size }) => sum + size, 0),
      'task',
    )} in ${count(jobs.length, 'job')}.`,
  );
  const submission = { store, engine, manifest, jobs, onEvent: () => undefined };
  return follow(await submitJobs({ ...submission, ...(local && folder !== undefined ? { codeFolder: folder } : {}) }));
}

function only(pipeline: Pipeline, steps: readonly string[]): Pipeline {
  return { ...pipeline, steps: pipeline.steps.filter(({ name }) => steps.includes(name)) };
}

/** Jobs for what did not succeed. */
async function plannedJobs(
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

/** Takes the run up again, and writes down what is to be done. A retry that is refused leaves the run as it was. */
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

interface Retried {
  store: Store;
  engine: Engine;
  local: LocalEngine | undefined;
  manifest: Manifest;
  submitted: readonly SubmittedJob[];
}

/** Watches it to the end where this process is needed, or asked to stay. */
async function followRetry(
  { local, ...retried }: Retried,
  flags: { store?: string; json?: boolean; watch?: boolean },
): Promise<ExitCode> {
  if (!local && !flags.watch) {
    notice(`next: ${commandWith(flags)} status ${retried.manifest.run} --watch`);
    return ExitCode.ok;
  }
  return driveRun({
    ...{ ...retried, json: flags.json ?? false, command: commandWith(flags) },
    ...(local ? { local } : {}),
  });
}

/** What became of everything submitted so far; on an engine elsewhere that is asked first. */
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
