import { ExitCode, PipelineError, throwAll } from '../errors.ts';
import type { Engine, EngineLimits, Finding } from '../engine/engine.ts';
import type { LoadedPipeline } from '../pipeline/load-pipeline.ts';
import { isGather } from '../pipeline/pipeline.ts';
import type { TaskResources } from '../pipeline/resources.ts';
import type { SampleRow } from '../pipeline/sample-sheet.ts';
import type { Step } from '../pipeline/step.ts';
import { arrayJobs } from '../plan/array-jobs.ts';
import type { Held } from '../plan/held.ts';
import { makePlan, type Plan, type PlanSample } from '../plan/plan.ts';
import type { FileIdentity, JobDocument } from '../record/manifest.ts';
import { identityLines } from '../record/task-key.ts';
import type { Located } from '../store/locate.ts';
import type { Store } from '../store/store.ts';
import { type GcMark, readGcMark } from './gc-mark.ts';
import { identifySamples } from './identify.ts';
import { loadHeld } from './load-held.ts';

/** What a user asks for. */
export interface RunRequest {
  loaded: LoadedPipeline;
  rows: readonly SampleRow[];
  params: Readonly<Record<string, unknown>>;
  references: Readonly<Record<string, FileIdentity>>;
  /** By step, after the user's overrides. */
  resources: Readonly<Record<string, TaskResources>>;
  store: Store;
  engine: Engine;
  /** Kept in the manifest. */
  engineFlags?: Readonly<Record<string, unknown>>;
  locate: (location: string) => Promise<Located>;
  /** By step: versions of the tools on this machine, or the image by digest. */
  environments: Readonly<Record<string, StepEnvironment>>;
}

/** What stands for a step's tools. */
export interface StepEnvironment {
  toolVersions: Readonly<Record<string, string>>;
  image?: string;
}

/** All that is known before anything is written or submitted. */
export interface Prepared {
  request: RunRequest;
  samples: PlanSample[];
  held: Held;
  plan: Plan;
  jobs: JobDocument[];
  limits: EngineLimits;
  findings: Finding[];
  /** As it was before anything was looked at. */
  gcMark: GcMark | undefined;
}

/** Looks at inputs, store and engine, and plans. Changes nothing. */
export async function prepareRun(request: RunRequest): Promise<Prepared> {
  const { pipeline } = request.loaded;
  const gcMark = await readGcMark(request.store);
  const stepNames = pipeline.steps.map(({ name }) => name);
  const [samples, held, limits, codes] = await Promise.all([
    identifySamples(pipeline, request.rows, request.locate),
    loadHeld(request.store, pipeline.name, stepNames),
    request.engine.limits(),
    request.loaded.identities(),
  ]);
  const plan = makePlan({
    ...{
      pipeline,
      params: request.params,
      references: request.references,
      samples,
      held,
      resources: request.resources,
    },
    identities: Object.fromEntries(
      pipeline.steps.map((step) => [
        step.name,
        { code: codes[step.name]?.code ?? '', environment: environmentText(request.environments[step.name]) },
      ]),
    ),
  });
  const jobs = planJobs(request, plan, samples.length, limits);
  return { request, samples, held, plan, jobs, limits, findings: await check(request, jobs), gcMark };
}

/** @throws PipelineErrors for what would make the run fail; warnings are left to the caller. */
export function refuseErrors(findings: readonly Finding[]): void {
  const errors = findings.filter(({ level }) => level === 'error');
  throwAll(
    errors.map(
      ({ message, hint }) =>
        new PipelineError({
          code: 'engine-check',
          message,
          ...(hint === undefined ? {} : { hint }),
          exitCode: ExitCode.environment,
        }),
    ),
  );
}

function environmentText(environment: StepEnvironment | undefined): string {
  return environment?.image ?? identityLines(environment?.toolVersions ?? {});
}

function planJobs(request: RunRequest, plan: Plan, sampleCount: number, limits: EngineLimits): JobDocument[] {
  const { pipeline } = request.loaded;
  const byName = new Map(plan.map((entry) => [entry.step.name, entry]));
  const anySampleRuns = plan.some(({ step, decisions }) => step.scope === 'sample' && decisions.includes('run'));
  return arrayJobs({
    pipeline,
    sampleCount,
    submission: 0,
    variant: () => '',
    maxArraySize: limits.maxArraySize,
    resources: (step) => resourcesOf(request, step),
    runs: (step, index) => {
      const decision = byName.get(step.name)?.decisions[index];
      return decision === 'run' || (isGather(step) && anySampleRuns);
    },
  });
}

function resourcesOf(request: RunRequest, step: Step): TaskResources {
  return request.resources[step.name] as TaskResources;
}

async function check(request: RunRequest, jobs: readonly JobDocument[]): Promise<Finding[]> {
  const steps = [...new Set(jobs.map(({ step }) => step))];
  return request.engine.check(
    steps.map((step) => ({
      step,
      resources: request.resources[step] as TaskResources,
      image: request.environments[step]?.image,
    })),
  );
}
