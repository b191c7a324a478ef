import { styleText } from 'node:util';
import type { EngineLimits } from '../engine/engine.ts';
import { explain, reasonText } from '../plan/explain.ts';
import type { Held } from '../plan/held.ts';
import { COHORT, type Plan, type PlanSample, type StepPlan } from '../plan/plan.ts';
import type { JobDocument } from '../record/manifest.ts';
import type { SameInput } from '../run/same-content.ts';
import { columns, count, duration, memory } from './columns.ts';

/** Samples named per reason before the rest becomes a number. */
const NAMES_SHOWN = 5;

export interface PlanView {
  plan: Plan;
  samples: readonly PlanSample[];
  held: Held;
  same: readonly SameInput[];
  jobs: readonly JobDocument[];
  limits: EngineLimits;
}

/** One reason why tasks of a step run, and for whom. */
export interface PlanReason {
  step: string;
  reason: string;
  samples: string[];
}

/** Why things run: tasks of a step that share a reason together. */
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

/** What the tasks of a step get, and how many of them. */
export interface PlanResources {
  step: string;
  resources: JobDocument['resources'];
  tasks: number;
}

/** What is asked of the engine for the tasks that run, step by step. */
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

/** What would run and why, what it needs, then the jobs that follow from it. */
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

/** Inputs that look changed, and are not: why what is made from them does not run. */
function unchanged({ same }: PlanView): string[] {
  const alike = [...Map.groupBy(same, ({ kind, name }) => `${kind} ${name}`).values()].map((ofName) => {
    const { kind, name } = ofName[0] as SameInput;
    const why = kind === 'output' ? 'rebuilt, same content' : 'time changed, same size and content';
    return ['', name, why, names(ofName.flatMap(({ sample }) => sample ?? []))];
  });
  return alike.length === 0 ? [] : [styleText('bold', 'Counted as before'), columns(alike), ''];
}

/** What the steps whose resources depend on the sizes of their inputs are given. */
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

/** What the engine makes of the jobs where it cannot take them as they are. */
function remarks({ jobs, limits }: PlanView): string[] {
  const split = jobs.length > 0 && limits.maxArrayReason !== undefined;
  const gathers = !limits.afterAny && jobs.some(({ dependsOn }) => dependsOn.some(({ type }) => type === 'ANY'));
  return [
    ...(split ? ['', `Arrays of at most ${limits.maxArraySize}: ${limits.maxArrayReason}`] : []),
    ...(gathers ? ['', GATHERS_LATER] : []),
  ];
}

const GATHERS_LATER =
  'A job after ANY starts by itself if every sample succeeds. After a failure, whoever looks next submits it (status), or --conductor.';

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
