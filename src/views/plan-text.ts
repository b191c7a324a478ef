import { styleText } from 'node:util';
import type { EngineLimits } from '../engine/engine.ts';
import { explain, reasonText } from '../plan/explain.ts';
import type { Held } from '../record/held.ts';
import type { Plan, StepPlan } from '../plan/plan.ts';
import { COHORT } from '../record/keys.ts';
import type { JobDocument, PlanSample } from '../record/manifest.ts';
import type { SameInput } from '../run/same-outputs.ts';
import { columns, count, duration, memory } from './columns.ts';

/** Samples listed per reason before the rest is only counted. */
const NAMES_SHOWN = 5;

export interface PlanView {
  plan: Plan;
  samples: readonly PlanSample[];
  held: Held;
  same: readonly SameInput[];
  jobs: readonly JobDocument[];
  limits: EngineLimits;
}

/** One reason why tasks of a step run, and their samples. */
export interface PlanReason {
  step: string;
  reason: string;
  samples: string[];
}

/** Why tasks run, grouped by step and reason. */
export function planReasons({ plan, samples, held }: Pick<PlanView, 'plan' | 'samples' | 'held'>): PlanReason[] {
  return plan.flatMap(({ step, keys, decisions }) => {
    const byReason = new Map<string, string[]>();
    for (const [i, decision] of decisions.entries()) {
      if (decision !== 'run') continue;
      const sample = step.scope === 'cohort' ? COHORT : (samples[i] as PlanSample).name;
      const reason = reasonText(explain(held, step.name, sample, keys[i] as string));
      const names = byReason.get(reason);
      if (names) names.push(sample);
      else byReason.set(reason, [sample]);
    }
    return [...byReason].map(([reason, names]) => ({ step: step.name, reason, samples: names }));
  });
}

/** Resources of a step's tasks, and the number of tasks. */
export interface PlanResources {
  step: string;
  resources: JobDocument['resources'];
  tasks: number;
}

/** Resources requested from the engine for the tasks that run, by step. */
export function planResources(jobs: readonly JobDocument[]): PlanResources[] {
  const ofSteps = [...Map.groupBy(jobs, ({ step }) => step).values()];
  const needs = ofSteps.flatMap((ofStep) => [
    ...Map.groupBy(ofStep, ({ resources }) => JSON.stringify(resources)).values(),
  ]);
  return needs.map((alike) => {
    const { step, resources } = alike[0] as JobDocument;
    return { step, resources, tasks: alike.reduce((sum, { size }) => sum + size, 0) };
  });
}

/** What would run and why, its resources, and the resulting jobs. */
export function planText(view: PlanView): string {
  const reasons = planReasons(view);
  return [
    columns([
      ['step', 'run', 'up to date', 'not needed'].map((title) => styleText('bold', title)),
      ...view.plan.map(totals),
    ]),
    '',
    ...(reasons.length === 0
      ? []
      : [
          styleText('bold', 'Why'),
          columns(reasons.map((reason) => ['', reason.step, reason.reason, names(reason.samples)])),
          '',
        ]),
    ...unchanged(view),
    ...sizes(view),
    styleText('bold', 'Jobs'),
    view.jobs.length === 0 ? '  none: everything is up to date' : columns(view.jobs.map(jobLine)),
    ...remarks(view),
  ].join('\n');
}

/** Inputs that look changed but are not, which is why the tasks that read them do not run. */
function unchanged({ same }: PlanView): string[] {
  const alike = [...Map.groupBy(same, ({ kind, name }) => `${kind} ${name}`).values()].map((ofName) => {
    const { kind, name } = ofName[0] as SameInput;
    const why = kind === 'output' ? 'rebuilt, same content' : 'time changed, same size and content';
    return ['', name, why, names(ofName.flatMap(({ sample }) => sample ?? []))];
  });
  return alike.length === 0 ? [] : [styleText('bold', 'Counted as before'), columns(alike), ''];
}

/** Resources of the steps that compute them from input sizes. */
function sizes({ plan, jobs }: PlanView): string[] {
  const sized = plan.flatMap(({ step }) => (typeof step.resources === 'function' ? [step.name] : []));
  const needs = planResources(jobs.filter(({ step }) => sized.includes(step)));
  return needs.length === 0
    ? []
    : [styleText('bold', 'Resources by size of the inputs'), columns(needs.map(needLine)), ''];
}

function needLine({ step, resources, tasks }: PlanResources): string[] {
  const scratch = `${memory(resources.scratchMiB)} of scratch`;
  return ['', step, `${needsText(resources)}, ${scratch}`, count(tasks, 'task')];
}

function needsText({ cpus, memoryMiB, timeLimitSeconds }: JobDocument['resources']): string {
  return `${count(cpus, 'cpu')}, ${memory(memoryMiB)}, ${duration(timeLimitSeconds)}`;
}

/** How the engine deviates from the jobs as planned. */
function remarks({ jobs, limits }: PlanView): string[] {
  const split = jobs.length > 0 && limits.maxArrayReason !== undefined;
  const gathers = !limits.afterAny && jobs.some(({ dependsOn }) => dependsOn.some(({ type }) => type === 'ANY'));
  return [
    ...(split ? ['', `Arrays of at most ${limits.maxArraySize}: ${limits.maxArrayReason}`] : []),
    ...(gathers ? ['', GATHERS_LATER] : []),
  ];
}

const GATHERS_LATER =
  'A job after ANY starts by itself if every sample succeeds. After a failure, the next status submits it, or --conductor does.';

function totals({ step, decisions }: StepPlan): string[] {
  const number = (decision: string) =>
    decisions.filter((candidate) => candidate === decision).length.toLocaleString('en');
  return [step.name, number('run'), number('up-to-date'), number('not-needed')];
}

function names(samples: readonly string[]): string {
  const shown = samples.slice(0, NAMES_SHOWN).join(', ');
  return samples.length > NAMES_SHOWN
    ? `${shown} and ${count(samples.length - NAMES_SHOWN, 'more')}`.replace(/mores$/, 'more')
    : shown;
}

function jobLine({ job, size, resources, dependsOn }: JobDocument): string[] {
  const kind = size > 1 ? `array of ${size.toLocaleString('en')}` : 'single job';
  const after = dependsOn.map(({ job: before, type }) => `${before} (${type})`);
  const shown = after.length > 3 ? [...after.slice(0, 2), `${after.length - 2} more`] : after;
  return ['', job, kind, needsText(resources), shown.length > 0 ? `after ${shown.join(', ')}` : ''];
}
