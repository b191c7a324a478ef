import { chooseInput } from '../pipeline/inputs.ts';
import type { Step } from '../pipeline/step.ts';
import { changedParts } from '../record/task-key.ts';
import type { Held } from '../record/held.ts';
import { COHORT } from '../record/keys.ts';
import type { PlanSample } from '../record/manifest.ts';
import { type Plan } from './plan.ts';

/** A task that runs although it has succeeded before with different inputs and everything else unchanged. */
export interface Suspect {
  step: Step;
  /** Index of the sample; 0 for a cohort step. */
  index: number;
  sample: string;
  /** Keys of the earlier successes. */
  earlier: string[];
}

/**
 * Tasks for which only the inputs have changed, perhaps only in appearance. Costs nothing if nothing runs or nothing
 * has succeeded.
 */
export function suspects(plan: Plan, samples: readonly PlanSample[], held: Held): Suspect[] {
  return plan.flatMap(({ step, keys, decisions }) =>
    decisions.flatMap((decision, index): Suspect[] => {
      const sample = step.scope === 'cohort' ? COHORT : (samples[index] as PlanSample).name;
      const succeeded = decision === 'run' ? held.get(step.name)?.samples.get(sample)?.succeeded : undefined;
      const earlier = (succeeded ?? []).filter((key) => {
        const [part, ...others] = changedParts(key, keys[index] as string);
        return part === 'inputs' && others.length === 0;
      });
      return earlier.length === 0 ? [] : [{ step, index, sample, earlier }];
    }),
  );
}

/** A file of the user's that a task reads. */
export interface UserFile {
  /** The step's name for it. */
  input: string;
  kind: 'sample-file' | 'reference';
  /** Column or reference. */
  name: string;
}

/** The user's files among the inputs of a step, for this sample. */
export function userFiles({ inputs }: Step, sample: PlanSample | undefined): UserFile[] {
  return Object.entries(inputs).flatMap(([input, given]): UserFile[] => {
    const chosen = chooseInput(given, (column) => sample?.files[column] !== undefined);
    if (chosen?.kind === 'sample-file') return [{ input, kind: chosen.kind, name: chosen.column }];
    return chosen?.kind === 'reference' ? [{ input, kind: chosen.kind, name: chosen.name }] : [];
  });
}
