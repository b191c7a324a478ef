import { COHORT } from '../record/keys.ts';
import type { Decision, FileIdentity, PlanSample } from '../record/manifest.ts';
import { PipelineError, throwAll } from '../errors.ts';
import { given } from '../given.ts';
import { cellIdentity } from '../pipeline/cell-value.ts';
import { chooseInput, type ChosenInput } from '../pipeline/inputs.ts';
import { isGather, type Pipeline } from '../pipeline/pipeline.ts';
import type { Step } from '../pipeline/step.ts';
import { gatherIdentity, identityLines, paramLines, taskKey } from '../record/task-key.ts';
import { type Held, heldState } from '../record/held.ts';

/** Everything the plan depends on, gathered beforehand since planning does no I/O. */
export interface PlanRequest {
  pipeline: Pipeline;
  params: Readonly<Record<string, unknown>>;
  references: Readonly<Record<string, FileIdentity>>;
  samples: readonly PlanSample[];
  /**
   * By step: the identity of its code and of its tools or image, and the digits under which the store knows that code.
   */
  identities: Readonly<Record<string, { code: string; environment: string; adopted?: string | undefined }>>;
  held: Held;
  /** By cohort step: key of an earlier success with identical outputs, so that steps that read them need not rerun. */
  sameOutputs?: Readonly<Record<string, string>>;
}

/** One step's tasks: entry i belongs to sample i; a cohort step has a single entry. */
export interface StepPlan {
  step: Step;
  /** Empty string where the sample does not use the step. */
  keys: string[];
  decisions: Decision[];
}

export type Plan = readonly StepPlan[];

/**
 * Decides for every step and sample whether it runs. A task runs if its result is wanted and the store does not hold
 * it; a step's result is wanted if the step ends the pipeline, is gathered, or feeds a task that runs.
 * @throws PipelineErrors naming every sample that lacks a file that a step needs
 */
export function makePlan(request: PlanRequest): Plan {
  const plans = new Map<string, StepPlan>();
  const lacks = new Map<string, Lacks>();
  for (const step of request.pipeline.steps) plans.set(step.name, keysOf(request, step, plans, lacks));
  throwAll(missingInputs(request, lacks));
  for (const step of request.pipeline.steps.toReversed()) decide(request, plans, step);
  return request.pipeline.steps.map((step) => plans.get(step.name) as StepPlan);
}

/** Why a task cannot run: an input that this step or an earlier one lacks. */
interface Lack {
  step: Step;
  kind: 'column' | 'reference' | 'choices';
  /** Name of the column or reference. */
  name: string;
}

/** By sample index; empty where the task can run. */
type Lacks = readonly (readonly Lack[])[];
const NOTHING: readonly Lack[] = [];

function keysOf(request: PlanRequest, step: Step, plans: Map<string, StepPlan>, lacks: Map<string, Lacks>): StepPlan {
  const { adopted, ...identity } = request.identities[step.name] ?? { code: '', environment: '' };
  const read = Object.fromEntries(Object.values(step.params).map(({ name }) => [name, request.params[name]]));
  const fixed = { ...identity, params: paramLines(read) };
  const entries: (PlanSample | undefined)[] = step.scope === 'cohort' ? [undefined] : [...request.samples];
  const ofStep: (readonly Lack[])[] = [];
  const keys = entries.map((sample, index) => {
    const inputs = inputIdentities(request, step, sample, index, plans, lacks);
    ofStep.push(inputs.lacks);
    return inputs.lacks.length > 0 ? '' : taskKey({ ...fixed, inputs: identityLines(inputs.identities) }, adopted);
  });
  lacks.set(step.name, ofStep);
  return { step, keys, decisions: keys.map(() => 'not-needed') };
}

function inputIdentities(
  request: PlanRequest,
  step: Step,
  sample: PlanSample | undefined,
  index: number,
  plans: Map<string, StepPlan>,
  lacks: Map<string, Lacks>,
): { identities: Record<string, string>; lacks: readonly Lack[] } {
  const identities: Record<string, string> = {};
  let lacking: readonly Lack[] = NOTHING;
  for (const [name, input] of Object.entries(step.inputs)) {
    const chosen = chooseInput(input, (column) => sample?.files[column] !== undefined);
    const identity = chosen && identityOf(request, step.name, chosen, { sample, index, plans });
    if (identity === undefined) lacking = [...lacking, ...lacksOf(step, chosen, index, lacks)];
    else identities[name] = identity;
  }
  return { identities, lacks: lacking };
}

function lacksOf(
  step: Step,
  chosen: ChosenInput | undefined,
  index: number,
  lacks: Map<string, Lacks>,
): readonly Lack[] {
  switch (chosen?.kind) {
    case 'sample-file':
      return [{ step, kind: 'column', name: chosen.column }];
    case 'reference':
      return [{ step, kind: 'reference', name: chosen.name }];
    case 'output': {
      const before = lacks.get(chosen.step) as Lacks;
      return (before.length === 1 ? before[0] : before[index]) ?? NOTHING;
    }
    default:
      return [{ step, kind: 'choices', name: '' }];
  }
}

function identityOf(
  request: PlanRequest,
  step: string,
  chosen: ChosenInput,
  { sample, index, plans }: { sample: PlanSample | undefined; index: number; plans: Map<string, StepPlan> },
): string | undefined {
  switch (chosen.kind) {
    case 'sample-file':
    case 'reference': {
      const file = chosen.kind === 'reference' ? request.references[chosen.name] : sample?.files[chosen.column];
      return file && fileIdentity(file, step);
    }
    case 'sample-value':
      return cellIdentity(chosen, sample?.values[chosen.column]);
    case 'output': {
      const upstream = plans.get(chosen.step) as StepPlan;
      return (
        (upstream.step.scope === 'cohort'
          ? (request.sameOutputs?.[chosen.step] ?? upstream.keys[0])
          : upstream.keys[index]) || undefined
      );
    }
    case 'collected': {
      const { keys } = plans.get(chosen.step) as StepPlan;
      return gatherIdentity(request.samples.map(({ name }, i) => ({ sample: name, identity: keys[i] ?? '' })));
    }
  }
}

/**
 * A file's identity in the keys of a step: its checksum where known, since a copy of the same content is the same
 * input.
 */
export function fileIdentity(file: FileIdentity, step: string): string {
  return file.countsAs?.[step] ?? file.sha256 ?? `${file.size}:${file.etag}`;
}

/** True for steps whose result is always wanted, since no step reads it. */
function isAlwaysWanted(pipeline: Pipeline, step: Step): boolean {
  return !pipeline.steps.some((other) => Object.values(other.inputs).some((input) => feeds(step.name, input)));
}

function feeds(step: string, input: Step['inputs'][string]): boolean {
  if (input.kind === 'first-of')
    return input.choices.some((choice) => choice.kind === 'output' && choice.step === step);
  return input.kind === 'output' && input.step === step;
}

/** Inputs that the final steps lack, each reported once; an input that no final step needs may be missing. */
function missingInputs(request: PlanRequest, lacks: Map<string, Lacks>): PipelineError[] {
  const errors = new Map<string, PipelineError>();
  for (const step of request.pipeline.steps) {
    if (!isAlwaysWanted(request.pipeline, step)) continue;
    for (const [index, lacking] of (lacks.get(step.name) as Lacks).entries()) {
      for (const lack of lacking) {
        const sample = lack.kind === 'reference' ? undefined : request.samples[index];
        const id = [lack.step.name, lack.name, sample?.name].join('\0');
        if (!errors.has(id)) errors.set(id, missingInput(lack, sample));
      }
    }
  }
  return [...errors.values()];
}

function missingInput({ step, kind, name }: Lack, sample: PlanSample | undefined): PipelineError {
  if (!sample) {
    return new PipelineError({
      code: 'reference-missing',
      message: `Step ${step.name} needs the reference "${name}"`,
      hint: `Give it with --reference-file ${name}=PATH, or a named one with --reference NAME.`,
    });
  }
  const what = kind === 'choices' ? 'none of the files' : `no "${name}"`;
  return new PipelineError({
    code: 'sample-input-missing',
    message: `Sample "${sample.name}" has ${what} that step ${step.name} needs`,
    ...given({ where: sample.where }),
    hint: 'Add the column to the sample sheet, or list the files themselves.',
  });
}

/** Marks what runs, last step first, so that the decisions of later tasks are already known. */
function decide(request: PlanRequest, plans: Map<string, StepPlan>, step: Step): void {
  const plan = plans.get(step.name) as StepPlan;
  const held = request.held.get(step.name);
  plan.decisions = plan.keys.map((key, index) => {
    if (!key) return 'not-needed';
    const sample = step.scope === 'cohort' ? COHORT : (request.samples[index] as PlanSample).name;
    if (heldState(held, sample, key) === 'whole') return 'up-to-date';
    return isWanted(request, plans, step, index) ? 'run' : 'not-needed';
  });
}

function isWanted(request: PlanRequest, plans: Map<string, StepPlan>, step: Step, index: number): boolean {
  if (isGather(step) || isAlwaysWanted(request.pipeline, step)) return true;
  return request.pipeline.steps.some((consumer) => {
    const { decisions } = plans.get(consumer.name) as StepPlan;
    return Object.values(consumer.inputs).some((input) => {
      if (input.kind === 'collected' && input.step === step.name) return decisions[0] === 'run';
      if (!feeds(step.name, input)) return false;
      if (step.scope === 'cohort') return decisions.includes('run');
      const sample = request.samples[index];
      const chosen = chooseInput(input, (column) => sample?.files[column] !== undefined);
      return chosen?.kind === 'output' && decisions[index] === 'run';
    });
  });
}
