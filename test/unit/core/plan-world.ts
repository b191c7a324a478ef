import { isGather, type Pipeline } from '../../../src/pipeline/pipeline.ts';
import { plainInputs } from '../../../src/pipeline/step.ts';
import { type Held, heldStep, type OutputEntry, outputsPrint } from '../../../src/record/held.ts';
import { makePlan, type Plan, type PlanRequest } from '../../../src/plan/plan.ts';
import { COHORT, type RecordName } from '../../../src/record/keys.ts';
import type { PlanSample } from '../../../src/record/manifest.ts';

/** A sample with one file, whose etag represents its content. */
export function textSample(name: string, etag = 'e'): PlanSample {
  return { name, files: { txt: { location: `/in/${name}.txt`, size: 1, etag } }, values: {} };
}

/** A request over these samples with nothing held, and every identity the same from call to call. */
export function request(
  pipeline: Pipeline,
  samples: readonly PlanSample[],
  more: Partial<PlanRequest> = {},
): PlanRequest {
  return {
    pipeline,
    samples,
    params: {},
    references: { genome: { location: '/genome', size: 9, etag: 'g' } },
    identities: Object.fromEntries(pipeline.steps.map(({ name }) => [name, { code: name, environment: 'tools 1' }])),
    held: new Map(),
    ...more,
  };
}

/** `step/sample` of one task, and its key. */
export interface PlannedTask {
  task: string;
  step: string;
  sample: string;
  key: string;
  decision: string;
}

/** A plan as a list. */
export function tasksOf(plan: Plan, samples: readonly PlanSample[]): PlannedTask[] {
  return plan.flatMap(({ step, keys, decisions }) =>
    keys.map((key, i) => {
      const sample = step.scope === 'cohort' ? COHORT : samples[i]!.name;
      return { task: `${step.name}/${sample}`, step: step.name, sample, key, decision: decisions[i]! };
    }),
  );
}

export function running(plan: Plan, samples: readonly PlanSample[]): string[] {
  return tasksOf(plan, samples).flatMap(({ task, decision }) => (decision === 'run' ? [task] : []));
}

/** What the store holds once these tasks have succeeded; `damaged` ones have lost a byte since. */
export function heldAfter(tasks: readonly PlannedTask[], damaged: ReadonlySet<string> = new Set()): Held {
  const byStep = new Map<string, { records: RecordName[]; outputs: OutputEntry[] }>();
  for (const { task, step, sample, key } of tasks) {
    if (!key) continue;
    const entry = byStep.get(step) ?? { records: [], outputs: [] };
    byStep.set(step, entry);
    entry.records.push({ sample, key, state: 'succeeded' });
    const print = outputsPrint([{ file: 'out', size: 7, sha256: 'content' }]);
    entry.outputs.push({ task: `${sample}.${key}`, print, file: 'out', size: damaged.has(task) ? 6 : 7 });
  }
  return new Map([...byStep].map(([step, { records, outputs }]) => [step, heldStep(records, outputs)]));
}

/** The request after a run of it in which everything succeeded. */
export function afterRun(before: PlanRequest): PlanRequest {
  return { ...before, held: heldAfter(tasksOf(makePlan(before), before.samples)) };
}

/** Names of the steps that use this step's output, directly or through others, and the step itself. */
export function downstream(pipeline: Pipeline, steps: Iterable<string>): Set<string> {
  const reached = new Set(steps);
  for (const step of pipeline.steps) {
    if (plainInputs(step).some((input) => 'step' in input && reached.has(input.step))) reached.add(step.name);
  }
  return reached;
}

/** Steps whose result is an end in itself: gathers, and those whose output no sample or early step uses. */
export function endSteps(pipeline: Pipeline): Set<string> {
  const used = new Set(
    pipeline.steps.flatMap((step) =>
      plainInputs(step).flatMap((input) => (input.kind === 'output' ? [input.step] : [])),
    ),
  );
  return new Set(pipeline.steps.filter((step) => isGather(step) || !used.has(step.name)).map(({ name }) => name));
}
