import { COHORT, type AttemptId, type TaskRef } from '../record/keys.ts';
import { isGather } from '../pipeline/pipeline.ts';
import { type Step, StepFailure } from '../pipeline/step.ts';
import type { AttemptRecord } from '../record/attempt-record.ts';
import type { JobDocument, Manifest, ManifestSample } from '../record/manifest.ts';
import { codeDigits } from '../record/task-key.ts';
import { type Cohort, readCohort } from './cohort.ts';
import { refuseOtherCode, type RunCode } from './run-code.ts';
import type { Staged } from './stage.ts';
import type { Observed } from './step-context.ts';
import type { TaskContext } from '../record/protocol.ts';
import type { Workplace } from './workplace.ts';

/** An attempt, with everything known before it starts. */
export interface Attempt {
  id: AttemptId;
  ref: TaskRef;
  task: TaskContext;
  manifest: Manifest;
  job: JobDocument;
  step: Step;
  code: RunCode;
  sample: ManifestSample | undefined;
  cohort: Cohort;
}

/** What an attempt has seen and made so far. */
export interface Work {
  observed: Observed;
  staged: Staged;
  outputs: AttemptRecord['outputs'];
}

export function noWork(): Work {
  return {
    observed: { tools: [], checks: [], metrics: {} },
    staged: { values: {}, files: [], unsummed: [], linked: [] },
    outputs: [],
  };
}

const NO_COHORT: Cohort = { key: '', members: [], collected: [], absent: [] };

/** Reads what is known of a task before it starts, and refuses to run it with other code or tools than were planned. */
export async function openAttempt(task: TaskContext, place: Workplace, signal: AbortSignal): Promise<Attempt> {
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
    cohort: cohort ?? NO_COHORT,
  };
}

/** Values of the params that a step reads. */
export function stepParams(step: Step, manifest: Manifest): Record<string, unknown> {
  return Object.fromEntries(Object.entries(step.params).map(([name, param]) => [name, manifest.params[param.name]]));
}
