import { basename, dirname, join, relative, resolve } from 'node:path';
import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { pathToFileURL } from 'node:url';
import { type Step, StepFailure } from '../pipeline/step.ts';
import { hashFile } from '../store/hash-file.ts';
import { CODE_FILE, type LoadedCode } from '../pipeline/load-code.ts';
import { type Attempt, stepParams, type Work } from './attempt.ts';
import type { AttemptGuard } from './attempt-guard.ts';
import type { AttemptLog } from './attempt-log.ts';
import type { Holds } from './cache/holds.ts';
import type { Cohort } from './cohort.ts';
import { type AttemptFailure, describeFailure } from './failure.ts';
import { killChildren, livingChildren } from './process-group.ts';
import { type DeclaredOutput, publishOutputs } from './publish.ts';
import { refuseChangedInputs, type Staged, stageInputs } from './stage.ts';
import { createStepContext, declaredOutputs } from './step-context.ts';
import { refuseStrangers } from './task-result.ts';
import { ToolCalls } from './tool-calls.ts';
import { refuseChildren, refuseOpenOutputs } from './unfinished.ts';
import type { Workplace } from './workplace.ts';

/** Where an attempt works, and with what. */
export interface Room {
  scratch: string;
  log: AttemptLog;
  signal: AbortSignal;
  work: Work;
  holds: Holds;
  guard: AttemptGuard;
}

/**
 * Stages, runs the step and publishes. Returns the failure, if any; observations up to that point are in `room.work`.
 */
export async function runAndPublish(
  attempt: Attempt,
  place: Workplace,
  room: Room,
): Promise<AttemptFailure | undefined> {
  const { scratch, signal, work } = room;
  try {
    const outputs = await performStep(attempt, place, room);
    work.outputs = await publishOutputs(place.store, attempt.ref, outputs, {
      ...{ scratch, signal, expendable: attempt.step.intermediate },
    });
    signal.throwIfAborted();
    return undefined;
  } catch (error) {
    return explainFailure(error, attempt, room);
  }
}

/**
 * Stages the inputs, runs the step, and makes sure that nothing of it is still running. Returns the outputs that it
 * declares: whether they exist has not been checked.
 */
export async function performStep(attempt: Attempt, place: Workplace, room: Room): Promise<DeclaredOutput[]> {
  const { step, sample, manifest, cohort, job, ref } = attempt;
  const { scratch, log, signal, work, holds, guard } = room;
  await refuseStrangers(place.store, ref);
  refuseAbsent(cohort);
  work.staged = await stageInputs({
    ...{ ...place, manifest, step, sample, collected: cohort.collected },
    ...{ scratch, signal, holds, say: (line) => log.line(line) },
  });
  const outputs = declaredOutputs(step, ref.sample, scratch);
  const params = stepParams(step, manifest);
  const files = Object.fromEntries(step.files.map((name) => [name, join(attempt.code.home, name)]));
  await withTools({ signal, guard }, async ({ known, ...tools }) => {
    const { context, observed } = createStepContext({
      ...{ step, sample: ref.sample, inputs: work.staged.values, params, outputs, files, members: cohort.members },
      ...{ resources: job.resources, scratch, log, environment: place.environment, ...tools },
    });
    work.observed = observed;
    const running = guard.race(runStep(step, context, { calls: tools.calls, known }));
    await Promise.all([running, sumInputs(work.staged)]);
  });
  signal.throwIfAborted();
  await refuseOpenOutputs(outputs);
  await refuseChangedInputs(place.store, work.staged);
  return outputs;
}

/** Cause and message of what ended an attempt, with the user's own files in place of what was unpacked and staged. */
export function explainFailure(error: unknown, { code, manifest }: Attempt, room: Room): AttemptFailure {
  const failure = describeFailure(error, room.signal);
  const { folder, home } = code;
  const source = manifest.pipelineSource;
  const inCode = folder === undefined ? failure.message : sourceStack(failure.message, { folder, home }, source);
  const ofUser = folder === undefined ? inCode : inCode.replaceAll(`${home}/`, `${dirname(source)}/`);
  return { ...failure, message: withoutScratch(ofUser, room) };
}

/** Users know staged inputs by their source, and what a step writes by its name. */
function withoutScratch(message: string, { scratch, work }: Room): string {
  const located = work.staged.files.reduce((text, { name, location }) => {
    const staged = join(scratch, 'inputs', ...name.split(':'), basename(location));
    return text.replaceAll(staged, location.replace(/^file:\/\//, ''));
  }, message);
  return located.replaceAll(`${scratch}/`, '');
}

/**
 * When this returns, everything that the step started has ended: tools, including those not awaited or running beside a
 * failed one, and processes that its own code has left behind.
 */
async function withTools(
  { signal, guard }: { signal: AbortSignal; guard: AttemptGuard },
  run: (tools: { signal: AbortSignal; calls: ToolCalls; known: ReadonlySet<number> }) => Promise<void>,
): Promise<void> {
  const over = new AbortController();
  const calls = new ToolCalls();
  const known = new Set(livingChildren());
  let hasLeftNothing = false;
  try {
    await run({ signal: AbortSignal.any([signal, over.signal]), calls, known });
    hasLeftNothing = true;
  } catch (error) {
    // Failures caused by stopping its tools are only a consequence.
    guard.off();
    throw error;
  } finally {
    over.abort();
    await calls.ended();
    if (!hasLeftNothing) killChildren(known);
  }
}

/** Nothing that a step has started may go on after its `run` has returned: its outputs would be truncated. */
async function runStep(
  step: Step,
  context: Parameters<Step['run']>[0],
  { calls, known }: { calls: ToolCalls; known: ReadonlySet<number> },
): Promise<void> {
  await step.run(context);
  calls.refuseUnawaited();
  refuseChildren(known);
}

/** The user's own files are hashed for the record while the tools read them anyway. */
async function sumInputs({ unsummed }: Staged): Promise<void> {
  for (const { file, path } of unsummed) file.sha256 = await hashFile(path);
}

/** A gather whose key names every sample must have every sample: none may be left out silently. */
function refuseAbsent({ absent }: Cohort): void {
  if (absent.length === 0) return;
  const message = `Results to be gathered are no longer in the store: ${absent.slice(0, 5).join(', ')}`;
  throw new StepFailure('input', message, { hint: 'Start the run again: it recreates what is missing.' });
}

/**
 * A stack with positions in the user's own files instead of the module bundled from them.
 * @param source where the pipeline's file lay when the run was planned
 */
function sourceStack(stack: string, { folder, home }: Omit<LoadedCode, 'pipeline'>, source: string): string {
  const file = join(folder, CODE_FILE);
  const root = resolve(dirname(source), relative(home, folder));
  let map: SourceMap | undefined;
  return stack.replaceAll(
    /(file:\/\/[^\s()]+):(\d+):(\d+)/g,
    (place: string, url: string, line: string, column: string) => {
      if (url !== pathToFileURL(file).href) return place;
      map ??= new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')) as SourceMapPayload);
      const origin = map.findOrigin(Number(line), Number(column));
      return 'fileName' in origin
        ? `${pathToFileURL(join(root, origin.fileName)).href}:${origin.lineNumber}:${origin.columnNumber}`
        : place;
    },
  );
}
