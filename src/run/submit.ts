import { PipelineError } from '../errors.ts';
import type { Engine, EngineJob } from '../engine/engine.ts';
import { runKeys } from '../record/keys.ts';
import type { JobDocument, Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import type { OnEvent } from './events.ts';
import { type SubmittedJob, submittedNote } from './submitted-job.ts';

export interface Submission {
  store: Store;
  engine: Engine;
  manifest: Manifest;
  jobs: readonly JobDocument[];
  /** Tries per step for causes that may pass. */
  attempts: (step: string) => number;
  onEvent: OnEvent;
}

/**
 * Submits a whole DAG in dependency order. The job documents in the store are the intent; every id is noted as soon as
 * it is known. After a crash the same call finds by name what the engine already has and goes on from there.
 */
export async function submitJobs(submission: Submission): Promise<SubmittedJob[]> {
  const { store, engine, manifest, jobs, onEvent } = submission;
  const ids = await knownIds(submission);
  const submitted: SubmittedJob[] = [];
  for (const job of jobs) {
    let jobId = ids.get(job.job);
    if (jobId === undefined) {
      jobId = await engine.submit(engineJob(submission, job), dependencies(job, ids));
      onEvent({ kind: 'submitted', run: manifest.run, job: job.job, jobId, tasks: job.size });
    }
    ids.set(job.job, jobId);
    submitted.push({ job, jobId });
    if ((await engine.limits()).detached)
      await store.write(runKeys.submitted(manifest.run, job.job), JSON.stringify({ jobId }));
  }
  return submitted;
}

/** Unique over all stores and runs, and within the engines' rules for names. */
export function engineJobName(manifest: Manifest, job: string): string {
  return `${manifest.run}-${manifest.nonce}-${job}`;
}

/** Ids of jobs that were noted, or that the engine knows although the note was lost. */
async function knownIds({ store, engine, manifest, jobs }: Submission): Promise<Map<string, string>> {
  if (!(await engine.limits()).detached) return new Map();
  const found = await engine.find(jobs.map(({ job }) => engineJobName(manifest, job)));
  const entries = await Promise.all(
    jobs.map(async ({ job }): Promise<[string, string | undefined]> => {
      const noted = await store.read(runKeys.submitted(manifest.run, job));
      return [
        job,
        noted
          ? submittedNote.parse(JSON.parse(new TextDecoder().decode(noted))).jobId
          : found.get(engineJobName(manifest, job)),
      ];
    }),
  );
  return new Map(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function engineJob({ store, manifest, attempts }: Submission, job: JobDocument): EngineJob {
  return {
    name: engineJobName(manifest, job.job),
    step: job.step,
    size: job.size,
    resources: job.resources,
    image: manifest.steps.find(({ name }) => name === job.step)?.image,
    attempts: attempts(job.step),
    rank: job.rank,
    environment: { BATCH_PIPELINE_STORE: store.url, BATCH_PIPELINE_RUN: manifest.run, BATCH_PIPELINE_JOB: job.job },
  };
}

function dependencies(
  job: JobDocument,
  ids: ReadonlyMap<string, string>,
): { jobId: string; type: 'N_TO_N' | 'SUCCESS' | 'ANY' }[] {
  return job.dependsOn.map(({ job: before, type }) => {
    const jobId = ids.get(before);
    if (jobId === undefined)
      throw new PipelineError({
        code: 'job-order',
        message: `Job ${job.job} comes before ${before}, which it needs`,
        fault: 'program',
      });
    return { jobId, type };
  });
}
