import { z } from 'zod';
import { PipelineError } from '../errors.ts';
import { parseRunIdKey, RUN_IDS_PREFIX, runKeys } from '../record/keys.ts';
import { jobDocument, type JobDocument, manifest, type Manifest } from '../record/manifest.ts';
import { parseDocument, parsedJson, readableDocument } from '../record/parse-document.ts';
import type { Store } from '../store/store.ts';
import { markStoreFormat } from './store-documents.ts';

/** The store's runs, oldest first by number. */
export async function listRuns(store: Store): Promise<string[]> {
  const runs: { run: string; number: number }[] = [];
  for await (const page of store.list(RUN_IDS_PREFIX)) {
    for (const { key } of page) {
      const found = parseRunIdKey(key);
      if (found) runs.push(found);
    }
  }
  return runs.sort((a, b) => a.number - b.number || (a.run < b.run ? -1 : 1)).map(({ run }) => run);
}

/** Name of the runs that `reference build` starts; they never count as the last run. */
export const REFERENCE_BUILD = 'reference-build';

/** Runs over samples, latest first; reference builds are found only by name. */
export async function latestRuns(store: Store): Promise<string[]> {
  return (await listRuns(store)).filter((run) => !run.startsWith(`${REFERENCE_BUILD}-`)).toReversed();
}

/**
 * Finds the run that a user means: the one named, or the last one.
 * @throws PipelineError `run-not-found`
 */
export async function findRun(store: Store, name?: string): Promise<string> {
  const isId = name !== undefined && parseRunIdKey(runKeys.claim(name)) !== undefined;
  if (isId && (await store.head(runKeys.manifest(name)))) return name;
  const runs = await latestRuns(store);
  for (const run of name === undefined ? runs : []) if (await store.head(runKeys.manifest(run))) return run;
  throw new PipelineError({
    code: 'run-not-found',
    message: name === undefined ? `The store ${store.url} has no run yet` : `There is no run "${name}"`,
    hint:
      runs.length === 0
        ? 'Start one with "batch-pipeline run", or name another store with --store.'
        : `The last ones: ${runs.slice(0, 5).toReversed().join(', ')}.`,
  });
}

/** First part of a run's id. */
export function nameOfRun(run: string): string {
  return run.slice(0, run.lastIndexOf('-'));
}

/** Claims the next free run id for this name. Numbers are shared by all names, so the highest is the latest. */
export async function claimRun(store: Store, name: string): Promise<string> {
  const runs = await listRuns(store);
  let number = Math.max(0, ...runs.map((run) => Number(run.slice(run.lastIndexOf('-') + 1)))) + 1;
  while (!(await store.create(runKeys.claim(`${name}-${number}`), '{}\n'))) number += 1;
  if (runs.length === 0) await markStoreFormat(store);
  return `${name}-${number}`;
}

export async function readManifest(store: Store, run: string): Promise<Manifest> {
  const key = runKeys.manifest(run);
  return parseDocument(manifest, key, await store.read(key));
}

/** All jobs ever created for this run, in submission order. */
export async function readJobs(store: Store, run: string): Promise<JobDocument[]> {
  const jobs: JobDocument[] = [];
  for await (const page of store.list(runKeys.jobs(run))) {
    jobs.push(
      ...(await Promise.all(page.map(async ({ key }) => parseDocument(jobDocument, key, await store.read(key))))),
    );
  }
  return jobs.sort((a, b) => a.submission - b.submission || b.rank - a.rank);
}

/** Jobs of the latest completely recorded submission: a retry that died before that has submitted nothing. */
export async function latestJobs(store: Store, run: string): Promise<JobDocument[]> {
  const bySubmission = Map.groupBy(await readJobs(store, run), ({ submission }) => submission);
  for (const submission of [...bySubmission.keys()].toSorted((a, b) => b - a)) {
    const jobs = bySubmission.get(submission) ?? [];
    // Submission 0 is complete once the manifest exists, since that is written last.
    if (submission === 0 || jobs.length === (await plannedJobs(store, run, submission))) return jobs;
  }
  return [];
}

/** The latest submission number among these jobs. */
export function submissionOf(jobs: readonly Pick<JobDocument, 'submission'>[]): number {
  return jobs.reduce((latest, { submission }) => Math.max(latest, submission), 0);
}

async function plannedJobs(store: Store, run: string, submission: number): Promise<number | undefined> {
  const body = await store.read(runKeys.submission(run, submission));
  const claim = submissionClaim.safeParse(body && parsedJson(body));
  return claim.success ? claim.data.jobs : undefined;
}

/** What a retry writes first. */
const submissionClaim = z.object({ jobs: z.number().int() });

/** The submitted jobs of a run with the engine's ids for them. */
export async function readSubmitted(store: Store, run: string): Promise<SubmittedJob[]> {
  const jobs = await readJobs(store, run);
  const submitted = jobs.map(async (job): Promise<SubmittedJob[]> => {
    const note = await readNote(store, run, job.job);
    return note ? [{ job, jobId: note.jobId }] : [];
  });
  return (await Promise.all(submitted)).flat();
}

/** Number of a run's next submission: above all numbers taken, including those of retries that died early. */
export async function nextSubmission(store: Store, run: string): Promise<number> {
  const prefix = runKeys.submissions(run);
  let last = 0;
  for await (const page of store.list(prefix)) {
    for (const { key } of page) last = Math.max(last, Number(key.slice(prefix.length)));
  }
  return last + 1;
}

/** A job and the engine's id for it. */
export interface SubmittedJob {
  job: JobDocument;
  jobId: string;
}

/** Content of a run's `submitted/<job>.json`. */
const submittedNote = z.object({
  jobId: z.string(),
  /** True for a gather that was submitted, or resubmitted, after everything before it had ended. */
  late: z.boolean().optional(),
});
type SubmittedNote = z.infer<typeof submittedNote>;

/** The note of a job; `undefined` if it was not submitted, or its id was lost when the process died. */
export async function readNote(store: Store, run: string, job: string): Promise<SubmittedNote | undefined> {
  const key = runKeys.submitted(run, job);
  const body = await store.read(key);
  return body && parseDocument(submittedNote, key, body);
}

export async function writeNote(store: Store, run: string, job: string, note: SubmittedNote): Promise<void> {
  await store.write(runKeys.submitted(run, job), JSON.stringify(note));
}

const finishedRun = z.object({ submission: z.number().optional() });

/** Records that everything submitted of a run has finished; a later submission reopens the run. */
export async function writeFinished(store: Store, run: string, summary: object, submission: number): Promise<void> {
  await store.write(runKeys.finished(run), JSON.stringify({ ...summary, submission }));
}

/** True where the run is recorded as finished as of this submission. */
export async function isFinished(store: Store, run: string, submission: number): Promise<boolean> {
  const body = await store.read(runKeys.finished(run));
  if (!body) return false;
  // Older versions wrote no submission.
  const { submission: finished = submission } = readableDocument(finishedRun, body) ?? {};
  return finished >= submission;
}
