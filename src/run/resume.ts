import { ExitCode, PipelineError } from '../errors.ts';
import type { Engine } from '../engine/engine.ts';
import { COHORT, runKeys } from '../record/keys.ts';
import type { Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import { engineJobName } from './engine-job.ts';
import type { OnEvent } from './events.ts';
import type { Prepared } from './prepare.ts';
import {
  latestJobs,
  listRuns,
  readJobs,
  readManifest,
  readNote,
  readSubmitted,
  type SubmittedJob,
} from '../ledger/run-store.ts';
import { isForLater, submitJobs } from './submit.ts';
import { readSamples } from '../ledger/task-table.ts';
import { isOver, settleRun } from './watch.ts';

/** The number of latest runs that are checked: older unfinished ones are considered abandoned. */
const RECENT_RUNS = 20;

/**
 * On an engine that needs no process of ours: the run that is already doing this work, or whose submission was
 * interrupted. `undefined` where there is none and a new run is needed.
 * @throws PipelineError `run-busy` for one that is doing part of it
 */
export async function findUnderway(prepared: Prepared): Promise<Manifest | undefined> {
  const { store, engine, loaded } = prepared.request;
  const wanted = wantedTasks(prepared);
  if (!prepared.limits.detached || wanted.size === 0) return undefined;
  for (const run of (await listRuns(store)).toReversed().slice(0, RECENT_RUNS)) {
    const manifest = await openRun(store, run);
    if (manifest?.engine !== engine.name || manifest.pipeline !== loaded.pipeline.name) continue;
    const common = await commonTasks(store, manifest, wanted);
    if (common === 0 || (await isOverByNow(store, engine, manifest))) continue;
    if (common < wanted.size) throw overlapping(run, common, wanted.size);
    return manifest;
  }
  return undefined;
}

/** Submits what was not submitted of a run that was found under way; returns all of its jobs. */
export async function carryOn(
  { store, engine }: { store: Store; engine: Engine },
  manifest: Manifest,
  onEvent: OnEvent,
): Promise<SubmittedJob[]> {
  await submitJobs({ store, engine, manifest, jobs: await latestJobs(store, manifest.run), onEvent });
  return readSubmitted(store, manifest.run);
}

/** True for a run of which some job was written down and never noted as submitted: its process died in between. */
export async function isCutShort(store: Store, engine: Engine, run: string): Promise<boolean> {
  const limits = await engine.limits();
  if (!limits.detached) return false;
  for (const job of await latestJobs(store, run))
    if (!isForLater(job, limits) && !(await readNote(store, run, job.job))) return true;
  return false;
}

/** All jobs of a run that the engine has or had, also those of which the note was lost. */
export async function jobsOfRun(store: Store, engine: Engine, manifest: Manifest): Promise<SubmittedJob[]> {
  const noted = await readSubmitted(store, manifest.run);
  const names = new Set(noted.map(({ job }) => job.job));
  const others = (await readJobs(store, manifest.run)).filter(({ job }) => !names.has(job));
  const found = await engine.find(others.map(({ job }) => engineJobName(manifest, job)));
  const unnoted = others.flatMap((job): SubmittedJob[] => {
    const jobId = found.get(engineJobName(manifest, job.job));
    return jobId === undefined ? [] : [{ job, jobId }];
  });
  return [...noted, ...unnoted];
}

/** Its manifest, unless the run has finished, was cancelled, or was never written completely. */
async function openRun(store: Store, run: string): Promise<Manifest | undefined> {
  const [manifest, finished, cancelled] = await Promise.all([
    store.head(runKeys.manifest(run)),
    store.head(runKeys.finished(run)),
    store.head(runKeys.cancelled(run)),
  ]);
  return manifest && !finished && !cancelled ? readManifest(store, run) : undefined;
}

/** Its last job may have ended unobserved. */
async function isOverByNow(store: Store, engine: Engine, manifest: Manifest): Promise<boolean> {
  if (await isCutShort(store, engine, manifest.run)) return false;
  const submitted = await readSubmitted(store, manifest.run);
  if (!isOver(await engine.poll(submitted.map(({ jobId }) => jobId)))) return false;
  await settleRun({ store, engine, manifest, submitted }, { gather: false });
  return true;
}

function taskId(step: string, sample: string, key: string): string {
  return `${step}/${sample}.${key}`;
}

function wantedTasks({ plan, samples }: Prepared): Set<string> {
  return new Set(
    plan.flatMap(({ step, keys, decisions }) =>
      decisions.flatMap((decision, i) =>
        decision === 'run'
          ? [taskId(step.name, step.scope === 'cohort' ? COHORT : (samples[i]?.name ?? ''), keys[i] ?? '')]
          : [],
      ),
    ),
  );
}

async function commonTasks(store: Store, manifest: Manifest, wanted: ReadonlySet<string>): Promise<number> {
  const ofCohort = manifest.steps.flatMap(({ name, task }) => (task ? [taskId(name, COHORT, task.key)] : []));
  let common = ofCohort.filter((task) => wanted.has(task)).length;
  for (const { name: sample, tasks } of await readSamples(store, manifest)) {
    for (const [step, { key, decision }] of Object.entries(tasks))
      if (decision === 'run' && wanted.has(taskId(step, sample, key))) common += 1;
  }
  return common;
}

function overlapping(run: string, common: number, wanted: number): PipelineError {
  return new PipelineError({
    code: 'run-busy',
    message: `Run ${run} is already working on ${common} of these ${wanted} tasks`,
    hint: `Wait for it (batch-pipeline status ${run} --watch), or stop it (batch-pipeline cancel ${run}).`,
    exitCode: ExitCode.unfinished,
  });
}
