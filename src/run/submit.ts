import { ExitCode, PipelineError } from '../errors.ts';
import type { Engine, EngineLimits, JobDependency } from '../engine/engine.ts';
import { runKeys } from '../record/keys.ts';
import type { JobDocument, Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import { engineJob, engineJobName } from './engine-job.ts';
import type { OnEvent } from './events.ts';
import { submitConductor } from './submit-conductor.ts';
import { readNote, type SubmittedJob, writeNote } from '../ledger/run-store.ts';

export interface Submission {
  store: Store;
  engine: Engine;
  manifest: Manifest;
  jobs: readonly JobDocument[];
  onEvent: OnEvent;
  /** Where runners of this machine find the run's code unpacked. */
  codeFolder?: string;
}

/**
 * Submits a whole DAG in dependency order. The job documents in the store are the intent; every id is noted as soon as
 * it is known. After a crash the same call finds by name what the engine already has and goes on from there. On an
 * engine that cannot wait for jobs to finish regardless of outcome, a gather waits for success: see `submitGathers`.
 */
export async function submitJobs(submission: Submission): Promise<SubmittedJob[]> {
  const { store, engine, manifest, jobs, onEvent, codeFolder } = submission;
  const limits = await engine.limits();
  const ids = limits.detached ? await knownIds(submission) : new Map<string, string>();
  const submitted: SubmittedJob[] = [];
  for (const job of jobs) {
    if (isForLater(job, limits) && !ids.has(job.job)) continue;
    let jobId = ids.get(job.job);
    if (jobId === undefined) {
      jobId = await engine.submit(engineJob(store, manifest, job, codeFolder), dependencies(job, ids, limits));
      onEvent({ kind: 'submitted', run: manifest.run, job: job.job, jobId, tasks: job.size });
    }
    ids.set(job.job, jobId);
    submitted.push({ job, jobId });
    if (!limits.detached) continue;
    await writeNote(store, manifest.run, job.job, { jobId });
    if (await store.head(runKeys.cancelled(manifest.run))) await giveUp(engine, manifest, submitted);
  }
  if (!limits.afterAny && jobs.some(waitsForAny)) await submitConductor(submission);
  return submitted;
}

/** A cancel in the meantime has missed the job that was being submitted. */
async function giveUp(engine: Engine, { run }: Manifest, submitted: readonly SubmittedJob[]): Promise<never> {
  const jobIds = submitted.map(({ jobId }) => jobId);
  await engine.cancel(jobIds, 'The run was cancelled');
  throw new PipelineError({
    code: 'run-cancelled',
    message: `Run ${run} was cancelled while it was submitted`,
    hint: 'The same command starts again with the unfinished work.',
    exitCode: ExitCode.unfinished,
  });
}

/** True for a job that waits for others to finish, where the engine cannot even wait for all of them to succeed. */
export function isForLater(job: JobDocument, { afterAny, maxDependencies }: EngineLimits): boolean {
  return !afterAny && waitsForAny(job) && job.dependsOn.length > (maxDependencies ?? Infinity);
}

/** True for a job that runs regardless of the outcome of those before it. */
export function waitsForAny({ dependsOn }: JobDocument): boolean {
  return dependsOn.some(({ type }) => type === 'ANY');
}

/** Ids of jobs that were noted, or that the engine knows although the note was lost. */
async function knownIds({ store, engine, manifest, jobs }: Submission): Promise<Map<string, string>> {
  const found = await engine.find(jobs.map(({ job }) => engineJobName(manifest, job)));
  const entries = await Promise.all(
    jobs.map(async ({ job }): Promise<[string, string | undefined]> => {
      const noted = await readNote(store, manifest.run, job);
      return [job, noted?.jobId ?? found.get(engineJobName(manifest, job))];
    }),
  );
  return new Map(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function dependencies(job: JobDocument, ids: ReadonlyMap<string, string>, limits: EngineLimits): JobDependency[] {
  return job.dependsOn.map(({ job: before, type }) => {
    const jobId = ids.get(before);
    if (jobId === undefined)
      throw new PipelineError({
        code: 'job-order',
        message: `Job ${job.job} comes before ${before}, which it needs`,
        fault: 'program',
      });
    return { jobId, type: type === 'ANY' && !limits.afterAny ? 'SUCCESS' : type };
  });
}
