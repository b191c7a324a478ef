/**
 * The only place that knows where things lie in a store:
 *
 *     v1/<pipeline>/records/<step>/<sample>.<taskKey>.succeeded.json          at most one per task, for ever
 *     v1/<pipeline>/records/<step>/<sample>.<taskKey>.<attempt>.failed-<cause>.json
 *     v1/<pipeline>/outputs/<step>/<sample>.<taskKey>-<print>/<file>
 *     v1/<pipeline>/logs/<step>/<sample>.<taskKey>.<attempt>.log
 *     v1/<pipeline>/code/<step>.<digits>.<digits>                              an earlier build's for the same code
 *     v1/run-ids/<run>
 *     v1/runs/<run>/manifest.json | samples/<page>.json | jobs/<job>.json | submitted/<job>.json | …
 *     v1/references/<name>/manifest.json | <file>
 *     v1/bundles/<sha256>.zip
 *     v1/inputs/<hash of location, size, ETag>.json
 *     v1/deployment.json
 *     v1/gc.json
 *     v1/format.json
 *
 * A listing of `records/<step>/` alone tells the state of every task, and one of `outputs/<step>/` whether its
 * files are whole: `print` stands for their names and sizes. Sample names may hold dots, so names are read from the right.
 */
const ROOT = 'v1';

/** Letters, digits, `.`, `_` and `-`, starting with a letter or digit: safe in all paths, keys and job names. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** The sample name of cohort tasks. */
export const COHORT = 'cohort';

/** Whether a text is a valid name of a sample or of a reference. */
export function isSampleName(name: string): boolean {
  return NAME.test(name) && !name.includes('..');
}

/** Where an attempt stands in its run: which submission (0 is the first, then one per `retry`), and which try of it. */
export interface AttemptId {
  run: string;
  submission: number;
  attempt: number;
}

export interface TaskRef {
  pipeline: string;
  step: string;
  sample: string;
  /** 40 hex digits, see plan/task-key.ts. */
  key: string;
}

/** `rnaseq-7_0_1`: run, submission, try. */
function attemptName({ run, submission, attempt }: AttemptId): string {
  return `${run}_${submission}_${attempt}`;
}

export function recordsPrefix(pipeline: string, step: string): string {
  return `${ROOT}/${pipeline}/records/${step}/`;
}

export function outputsPrefix(pipeline: string, step: string): string {
  return `${ROOT}/${pipeline}/outputs/${step}/`;
}

/** All records, or all outputs, of a pipeline's steps, whatever these are called by now. */
export function stepsPrefix(pipeline: string, kind: 'records' | 'outputs'): string {
  return `${ROOT}/${pipeline}/${kind}/`;
}

/** The step to which a record, output or log belongs. */
export function stepOfKey(key: string): string {
  return key.split('/')[3] ?? '';
}

export function succeededKey(task: TaskRef): string {
  return `${recordsPrefix(task.pipeline, task.step)}${task.sample}.${task.key}.succeeded.json`;
}

export function failedKey(task: TaskRef, attempt: AttemptId, cause: string): string {
  return `${recordsPrefix(task.pipeline, task.step)}${task.sample}.${task.key}.${attemptName(attempt)}.failed-${cause}.json`;
}

export function outputFolder(task: TaskRef, print: string): string {
  return `${outputsPrefix(task.pipeline, task.step)}${task.sample}.${task.key}-${print}/`;
}

/** What the keys of a task's outputs begin with, whichever attempt's they are. */
export function outputFoldersPrefix(task: TaskRef): string {
  return `${outputsPrefix(task.pipeline, task.step)}${task.sample}.${task.key}-`;
}

export function logKey(task: TaskRef, attempt: AttemptId): string {
  return `${ROOT}/${task.pipeline}/logs/${task.step}/${task.sample}.${task.key}.${attemptName(attempt)}.log`;
}

/** What the name of a record tells. */
export type RecordName =
  | { sample: string; key: string; state: 'succeeded' }
  | { sample: string; key: string; state: 'failed'; cause: string; attempt: AttemptId };

const SUCCEEDED = /^(.+)\.([0-9a-f]{40})\.succeeded\.json$/;
const FAILED = /^(.+)\.([0-9a-f]{40})\.([^._][^.]*)_(\d+)_(\d+)\.failed-([a-z-]+)\.json$/;

/** Reads a record's key; `undefined` for anything else that lies there. */
export function parseRecordKey(key: string): RecordName | undefined {
  const name = key.slice(key.lastIndexOf('/') + 1);
  const succeeded = SUCCEEDED.exec(name);
  if (succeeded) return { sample: succeeded[1] as string, key: succeeded[2] as string, state: 'succeeded' };
  const failed = FAILED.exec(name);
  if (!failed) return undefined;
  const [, sample, taskKey, run, submission, attempt, cause] = failed as unknown as string[];
  return {
    sample: sample as string,
    key: taskKey as string,
    state: 'failed',
    cause: cause as string,
    attempt: { run: run as string, submission: Number(submission), attempt: Number(attempt) },
  };
}

/** True for what file managers and network file systems leave in folders (`.DS_Store`, `.nfs…`); outputs never are. */
export function isHidden(key: string): boolean {
  return key.slice(key.lastIndexOf('/') + 1).startsWith('.');
}

/** Reads an output's key: `sample.key` of its task, the fingerprint in the folder's name, and the file's name. */
export function parseOutputKey(key: string): { task: string; print: string; file: string } | undefined {
  const slash = key.lastIndexOf('/');
  const folder = key.slice(key.lastIndexOf('/', slash - 1) + 1, slash);
  const dash = folder.lastIndexOf('-');
  if (slash < 0 || dash < 0) return undefined;
  return { task: folder.slice(0, dash), print: folder.slice(dash + 1), file: key.slice(slash + 1) };
}

/** A step's code, by the digits that stand for it in keys, and by those that an earlier build has used for the same code. */
export interface CodeNote {
  step: string;
  earlier: string;
  now: string;
}

export function codeNotesPrefix(pipeline: string): string {
  return `${ROOT}/${pipeline}/code/`;
}

/** The name tells everything; the object is empty. */
export function codeNoteKey(pipeline: string, { step, earlier, now }: CodeNote): string {
  return `${codeNotesPrefix(pipeline)}${step}.${earlier}.${now}`;
}

export function parseCodeNoteKey(key: string): CodeNote | undefined {
  const [, step, earlier, now] = /\/([^/.]+)\.([0-9a-f]{10})\.([0-9a-f]{10})$/.exec(key) ?? [];
  return step && earlier && now ? { step, earlier, now } : undefined;
}

const RUNS_PREFIX = `${ROOT}/runs/`;
/** One empty object per run, so that listing the runs does not list their documents. */
export const RUN_IDS_PREFIX = `${ROOT}/run-ids/`;
export const REFERENCES_PREFIX = `${ROOT}/references/`;

/** Keys of one run's own documents. */
export const runKeys = {
  manifest: (run: string) => `${RUNS_PREFIX}${run}/manifest.json`,
  /** Taken by whoever creates it: makes run ids unique without a clock. */
  claim: (run: string) => `${RUN_IDS_PREFIX}${run}`,
  samplePage: (run: string, page: number) => `${RUNS_PREFIX}${run}/samples/${String(page).padStart(5, '0')}.json`,
  job: (run: string, job: string) => `${RUNS_PREFIX}${run}/jobs/${job}.json`,
  /** Taken by whoever makes this submission: two retries at once must not share a number. */
  submission: (run: string, submission: number) => `${RUNS_PREFIX}${run}/submissions/${submission}`,
  submissions: (run: string) => `${RUNS_PREFIX}${run}/submissions/`,
  jobs: (run: string) => `${RUNS_PREFIX}${run}/jobs/`,
  submitted: (run: string, job: string) => `${RUNS_PREFIX}${run}/submitted/${job}.json`,
  heartbeat: (run: string) => `${RUNS_PREFIX}${run}/heartbeat.json`,
  cancelled: (run: string) => `${RUNS_PREFIX}${run}/cancelled.json`,
  finished: (run: string) => `${RUNS_PREFIX}${run}/finished.json`,
} as const;

/** What was found out of one version of a user's file. */
export function inputNoteKey(version: string): string {
  return `${ROOT}/inputs/${version}.json`;
}

/** What was deployed for this store in an AWS account. */
export const deploymentKey = `${ROOT}/deployment.json`;

/** Which layout the store has; absent from those made before it was written down, and they have the first. */
export const formatKey = `${ROOT}/format.json`;

/** Whether somebody is removing things, and who did last. */
export const gcMarkKey = `${ROOT}/gc.json`;

export const BUNDLES_PREFIX = `${ROOT}/bundles/`;

/** A bundle for Fetch & Run, by its content. */
export function bundleKey(sha256: string): string {
  return `${BUNDLES_PREFIX}${sha256}.zip`;
}

/** Run ids are `<name>-<number>`; the highest number is the latest run, whatever the clock says. */
export function parseRunIdKey(key: string): { run: string; number: number } | undefined {
  const match = /^v1\/run-ids\/([^/]+-(\d+))$/.exec(key);
  return match ? { run: match[1] as string, number: Number(match[2]) } : undefined;
}

export const referenceKeys = {
  manifest: (name: string) => `${REFERENCES_PREFIX}${name}/manifest.json`,
  file: (name: string, file: string) => `${REFERENCES_PREFIX}${name}/${file}`,
} as const;

/** Name of the reference whose manifest this is. */
export function parseReferenceKey(key: string): string | undefined {
  return /^v1\/references\/([^/]+)\/manifest\.json$/.exec(key)?.[1];
}
