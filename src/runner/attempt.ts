import type { Step } from '../pipeline/step.ts';
import type { AttemptRecord } from '../record/attempt-record.ts';
import type { AttemptId, TaskRef } from '../record/keys.ts';
import type { JobDocument, Manifest, ManifestSample } from '../record/manifest.ts';
import type { Cohort } from './cohort.ts';
import type { RunCode } from './run-code.ts';
import type { Staged } from './stage.ts';
import type { Observed } from './step-context.ts';
import type { TaskContext } from './task-context.ts';

/** One attempt, with everything that is known before it starts. */
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

/** Values of the params that a step reads. */
export function stepParams(step: Step, manifest: Manifest): Record<string, unknown> {
  return Object.fromEntries(Object.entries(step.params).map(([name, param]) => [name, manifest.params[param.name]]));
}
