import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isGather } from '../pipeline/pipeline.ts';
import { type Step, StepFailure } from '../pipeline/step.ts';
import { failedKey, succeededKey } from '../record/keys.ts';
import type { Manifest } from '../record/manifest.ts';
import { codeDigits } from '../record/task-key.ts';
import { hashFile } from '../store/hash-file.ts';
import type { Located } from '../store/locate.ts';
import type { Store } from '../store/store.ts';
import { type Attempt, stepParams, type Work } from './attempt.ts';
import { type AttemptLog, lastLines, openAttemptLog } from './attempt-log.ts';
import { type Holds, openHolds } from './cache/holds.ts';
import type { ReferenceCache } from './cache/reference-cache.ts';
import { type Cohort, readCohort } from './cohort.ts';
import { type AttemptFailure, describeFailure, Interruption } from './failure.ts';
import { type Ending, makeRecord, serialise } from './make-record.ts';
import { startMeasuring } from './measure.ts';
import { publishOutputs } from './publish.ts';
import { removeLeftovers } from './remove-leftovers.ts';
import type { ToolCheck } from './planned-tools.ts';
import { refuseOtherCode, type RunCode } from './run-code.ts';
import type { RunDocuments } from './run-documents.ts';
import { LOG_FILE, makeScratch, removeScratch, type ScratchOwner } from './scratch.ts';
import { sourceStack } from './source-stack.ts';
import { refuseChangedInputs, type Staged, stageInputs } from './stage.ts';
import { createStepContext, declaredOutputs } from './step-context.ts';
import type { TaskContext } from './task-context.ts';
import { ToolCalls } from './tool-calls.ts';
import { isDone, refuseStrangers, removeLoser } from './task-result.ts';
import { killChildren, livingChildren } from './process-group.ts';
import { refuseChildren, refuseOpenOutputs } from './unfinished.ts';

/** Everything that stays the same from one attempt of a runner to the next. */
export interface Workplace {
  store: Store;
  locate: (location: string) => Promise<Located>;
  documents: RunDocuments;
  code: (manifest: Manifest, task: TaskContext) => Promise<RunCode>;
  /** On the machine whose tools the run was planned with. */
  checkTools?: ToolCheck;
  /** Of the tools. */
  environment: NodeJS.ProcessEnv;
  /** What tasks of this machine share, where the environment names a place for it. */
  cache: ReferenceCache | undefined;
  /** Follows the log of an attempt from its start, where somebody watches; the function that it returns ends that. */
  followLog?: (path: string) => () => void;
}

export type AttemptOutcome =
  | { state: 'succeeded' }
  /** Another run, or an attempt whose success went unheard, did it already. */
  | { state: 'up-to-date' }
  | ({ state: 'failed' } & AttemptFailure);

/** Of the log's end, kept in the record. */
const STDERR_LINES = 50;
const COHORT = 'cohort';
const NOBODY: Cohort = { key: '', members: [], collected: [], absent: [] };

/**
 * Performs one attempt of one task: stage, run, verify, publish, and the record last. A killed attempt leaves nothing
 * that anyone would take for a result; scratch is removed in every other case.
 */
export async function performAttempt(task: TaskContext, place: Workplace, abort: AbortSignal): Promise<AttemptOutcome> {
  const attempt = await openAttempt(task, place, abort);
  if (await isDone(place.store, attempt.ref)) return { state: 'up-to-date' };
  const measured = startMeasuring();
  const startedAt = new Date().toISOString();
  const begunAt = performance.now();
  const limit = startTimeLimit(attempt.job.resources.timeLimitSeconds);
  const signal = AbortSignal.any([abort, limit.signal]);
  const scratch = makeScratch(task.scratchRoot, task.host);
  const log = openAttemptLog(join(scratch, LOG_FILE));
  const holds = openHolds();
  const unfollow = place.followLog?.(log.path);
  const work: Work = {
    observed: { tools: [], checks: [], metrics: {} },
    staged: { values: {}, files: [], unsummed: [], linked: [] },
    outputs: [],
  };
  try {
    writeFileSync(join(scratch, 'task.json'), JSON.stringify({ ...attempt.id, ...attempt.ref } satisfies ScratchOwner));
    const ended = await runAndPublish(attempt, place, { scratch, log, signal, work, holds });
    const failure = orTimeout(ended, (performance.now() - begunAt) / 1000, attempt.job.resources.timeLimitSeconds);
    if (abort.reason instanceof Interruption) throw abort.reason;
    const printed = lastLines(log.since(0), STDERR_LINES);
    if (failure?.cause === 'disk') log.shorten();
    if (failure) log.line(`batch-pipeline: ${failure.cause}: ${failure.message}`);
    const ending: Ending = { log, printed, work, failure, startedAt, measured: measured() };
    const record = await makeRecord(attempt, place.store, ending);
    if (failure) {
      // On a full disk the record finds room only once scratch is gone.
      removeScratch(scratch);
      await place.store.write(failedKey(attempt.ref, attempt.id, failure.cause), serialise(record));
      return { state: 'failed', ...failure };
    }
    const won = await place.store.create(succeededKey(attempt.ref), serialise(record));
    if (!won) await removeLoser(place.store, attempt.ref, work);
    // Only housekeeping: the success is on record.
    else if (mayHaveLeftovers(attempt)) await removeLeftovers(place.store, attempt.ref, work.outputs).catch(() => {});
    return { state: 'succeeded' };
  } finally {
    limit.stop();
    unfollow?.();
    log.close();
    removeScratch(scratch);
    holds.release();
  }
}

async function openAttempt(task: TaskContext, place: Workplace, signal: AbortSignal): Promise<Attempt> {
  signal.throwIfAborted();
  const [manifest, job] = await Promise.all([
    place.documents.manifest(task.run),
    place.documents.job(task.run, task.job),
  ]);
  const code = await place.code(manifest, task);
  const step = code.pipeline.steps.find(({ name }) => name === job.step);
  if (!step) throw new StepFailure('tool', `Pipeline ${manifest.pipelineSource} has no step "${job.step}" any more`);
  const sample = await place.documents.sampleOf(task.run, job, task.index);
  const cohort = isGather(step)
    ? await readCohort(place.store, manifest, step, await Array.fromAsync(place.documents.samples(task.run)))
    : undefined;
  const described = manifest.steps.find(({ name }) => name === step.name);
  const planned = (sample?.tasks[step.name] ?? described?.task)?.key ?? '';
  refuseOtherCode(code, { step: step.name, planned: described?.code ?? codeDigits(planned) });
  await place.checkTools?.(step, manifest);
  return {
    id: { run: task.run, submission: job.submission, attempt: task.attempt },
    ref: {
      pipeline: manifest.pipeline,
      step: step.name,
      sample: sample?.name ?? COHORT,
      key: cohort?.key ?? planned,
    },
    task,
    manifest,
    job,
    step,
    code,
    sample,
    cohort: cohort ?? NOBODY,
  };
}

/** A gather under the key of everyone must have everyone: nobody is left out without a word. */
function refuseAbsent({ absent }: Cohort): void {
  if (absent.length === 0) return;
  const message = `Results to be gathered are no longer in the store: ${absent.slice(0, 5).join(', ')}`;
  throw new StepFailure('input', message, { hint: 'Start the run again: it recreates what is missing.' });
}

/** An engine that keeps the same limit may be a moment ahead with its SIGTERM: that is no wish of anybody's. */
const LIMIT_LEAD_SECONDS = 15;

function orTimeout(failure: AttemptFailure | undefined, seconds: number, limit: number): AttemptFailure | undefined {
  if (failure?.cause !== 'cancelled' || limit < 4 * LIMIT_LEAD_SECONDS || seconds < limit - LIMIT_LEAD_SECONDS)
    return failure;
  return describeFailure(timeIsUp(limit), new AbortController().signal);
}

function timeIsUp(seconds: number): StepFailure {
  const hint = 'batch-pipeline retry gives it more time.';
  return new StepFailure('timeout', `The time limit of ${seconds} s is over`, { hint });
}

/** A timer for longer goes off at once: setTimeout takes a signed number of 32 bits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

function startTimeLimit(seconds: number): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController();
  const reason = timeIsUp(seconds);
  let timer: NodeJS.Timeout;
  const wait = (ms: number): void => {
    if (ms <= 0) controller.abort(reason);
    else timer = setTimeout(() => wait(ms - LONGEST_TIMER_MS), Math.min(ms, LONGEST_TIMER_MS)).unref();
  };
  wait(seconds * 1000);
  return { signal: controller.signal, stop: () => clearTimeout(timer) };
}

interface Room {
  scratch: string;
  log: AttemptLog;
  signal: AbortSignal;
  work: Work;
  holds: Holds;
}

/** Returns the failure, if any; what was seen until then is left in `room.work`. */
async function runAndPublish(attempt: Attempt, place: Workplace, room: Room): Promise<AttemptFailure | undefined> {
  const { step, sample, manifest, cohort, job, ref } = attempt;
  const { scratch, log, signal, work, holds } = room;
  try {
    await refuseStrangers(place.store, ref);
    refuseAbsent(cohort);
    work.staged = await stageInputs({
      ...{ ...place, manifest, step, sample, collected: cohort.collected },
      ...{ scratch, signal, holds, say: (line) => log.line(line) },
    });
    const outputs = declaredOutputs(step, ref.sample, scratch);
    const params = stepParams(step, manifest);
    const files = Object.fromEntries(step.files.map((name) => [name, join(attempt.code.home, name)]));
    await withTools(signal, async ({ known, ...tools }) => {
      const { context, observed } = createStepContext({
        ...{ step, sample: ref.sample, inputs: work.staged.values, params, outputs, files, members: cohort.members },
        ...{ resources: job.resources, scratch, log, environment: place.environment, ...tools },
      });
      work.observed = observed;
      await Promise.all([runStep(step, context, { calls: tools.calls, known }), sumInputs(work.staged)]);
    });
    signal.throwIfAborted();
    await refuseOpenOutputs(outputs);
    await refuseChangedInputs(place.store, work.staged);
    work.outputs = await publishOutputs(place.store, ref, outputs, signal);
    return undefined;
  } catch (error) {
    return inSources(describeFailure(error, signal), attempt);
  }
}

/** A message with a stack names the user's own files. */
function inSources(failure: AttemptFailure, { code, manifest }: Attempt): AttemptFailure {
  const { folder, home } = code;
  if (folder === undefined || !failure.message.includes('file://')) return failure;
  return { ...failure, message: sourceStack(failure.message, { folder, home }, manifest.pipelineSource) };
}

/**
 * Whatever a step has started has ended when this has: tools, one that fails beside another or is not awaited too, and
 * the processes that its own code has left behind.
 */
async function withTools(
  signal: AbortSignal,
  run: (tools: { signal: AbortSignal; calls: ToolCalls; known: ReadonlySet<number> }) => Promise<void>,
): Promise<void> {
  const over = new AbortController();
  const calls = new ToolCalls();
  const known = new Set(livingChildren());
  let hasLeftNothing = false;
  try {
    await run({ signal: AbortSignal.any([signal, over.signal]), calls, known });
    hasLeftNothing = true;
  } finally {
    over.abort();
    await calls.ended();
    if (!hasLeftNothing) killChildren(known);
  }
}

/** Nothing of what a step has started may go on when its `run` has returned: its outputs would be cut. */
async function runStep(
  step: Step,
  context: Parameters<Step['run']>[0],
  { calls, known }: { calls: ToolCalls; known: ReadonlySet<number> },
): Promise<void> {
  await step.run(context);
  calls.refuseUnawaited();
  refuseChildren(known);
}

/** The user's own files get their checksum into the record while the tools read them anyway. */
async function sumInputs({ unsummed }: Staged): Promise<void> {
  for (const { file, path } of unsummed) file.sha256 = await hashFile(path);
}

/** Looked for only where an attempt before this one is known of: looking costs a listing. */
function mayHaveLeftovers({ task, job, sample, step }: Attempt): boolean {
  return task.attempt > 1 || job.submission > 0 || sample?.tasks[step.name]?.leftovers === true;
}
