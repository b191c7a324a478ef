import { ExitCode, PipelineError, throwAll } from '../errors.ts';
import { given } from '../given.ts';
import type { Engine, EngineLimits, Finding } from '../engine/engine.ts';
import type { StepEnvironment } from '../engine/provider.ts';
import type { LoadedPipeline } from '../pipeline/load-pipeline.ts';
import { isGather } from '../pipeline/pipeline.ts';
import type { TaskResources } from '../pipeline/resources.ts';
import type { SampleRow } from '../samples/sample-sheet.ts';
import { arrayJobs } from '../plan/array-jobs.ts';
import type { Held } from '../record/held.ts';
import { type Needs, planNeeds, type StepNeeds } from '../plan/needs.ts';
import type { Plan, PlanRequest } from '../plan/plan.ts';
import type { FileIdentity, JobDocument, PlanSample } from '../record/manifest.ts';
import type { CodeNote } from '../record/keys.ts';
import { partDigits, identityLines } from '../record/task-key.ts';
import type { Located } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { adoptCodes } from './adopt-codes.ts';
import { type GcMark, readGcMark } from '../ledger/gc-mark.ts';
import { identifySamples } from '../samples/identify.ts';
import type { InputNote } from '../ledger/store-documents.ts';
import { loadHeld } from '../ledger/load-held.ts';
import { planByContent } from './same-content.ts';
import type { SameInput } from './same-outputs.ts';

/** What a user asks for. */
export interface RunRequest {
  loaded: LoadedPipeline;
  rows: readonly SampleRow[];
  params: Readonly<Record<string, unknown>>;
  references: Readonly<Record<string, FileIdentity>>;
  /** By step: what the user gives it instead of what it asks for. */
  overrides: Readonly<Record<string, Partial<TaskResources>>>;
  store: Store;
  engine: Engine;
  /** Kept in the manifest. */
  engineFlags?: Readonly<Record<string, unknown>>;
  engineModule?: string | undefined;
  locate: (location: string) => Promise<Located>;
  /** Called before whole inputs are read, to compare them with the records. */
  onCompare?: (files: number, bytes: number) => void;
  /** By step: versions of the tools on this machine, or the image by digest. */
  environments: Readonly<Record<string, StepEnvironment>>;
}

/** All that is known before anything is written or submitted. */
export interface Prepared {
  request: RunRequest;
  samples: PlanSample[];
  held: Held;
  /** What was found out of inputs by reading them, for `run` to write down. */
  notes: readonly InputNote[];
  /** Inputs that only look changed. */
  same: readonly SameInput[];
  plan: Plan;
  needs: Needs;
  jobs: JobDocument[];
  limits: EngineLimits;
  findings: Finding[];
  /** By step: what stands for its code in the keys. */
  codes: Readonly<Record<string, string>>;
  /** As it was before anything was looked at. */
  gcMark: GcMark | undefined;
  /** Under which digits of an earlier build results are taken over; to be noted before anything builds upon them. */
  codeNotes: readonly CodeNote[];
}

/** Looks at inputs, store and engine, and plans. Changes nothing. */
export async function prepareRun(request: RunRequest): Promise<Prepared> {
  const { pipeline } = request.loaded;
  const gcMark = await readGcMark(request.store);
  const stepNames = pipeline.steps.map(({ name }) => name);
  const [identified, held, limits, identities] = await Promise.all([
    identifySamples(pipeline, request.rows, request.locate),
    loadHeld(request.store, pipeline.name, stepNames),
    request.engine.limits(),
    request.loaded.identities(),
  ]);
  const adopted = await adoptCodes(request.store, pipeline.name, identities, held);
  const { store, locate, onCompare } = request;
  const asked: PlanRequest = {
    ...{ pipeline, params: request.params, references: request.references, samples: identified, held },
    identities: Object.fromEntries(
      pipeline.steps.map(({ name }) => [
        name,
        {
          code: identities[name]?.code ?? '',
          adopted: adopted.digits[name],
          environment: environmentText(request.environments[name]),
        },
      ]),
    ),
  };
  const { plan, notes, same, request: settled } = await planByContent(asked, { store, locate, onCompare });
  const { samples, references } = settled;
  const { overrides } = request;
  const needs = planNeeds({ pipeline, plan, samples, references, overrides });
  const jobs = planJobs(request, plan, needs, limits);
  const findings = await checkNeeds(request.engine, jobs, (step) => request.environments[step]?.image);
  return {
    request: { ...request, references },
    samples: [...samples],
    notes,
    same,
    held,
    plan,
    needs,
    jobs,
    limits,
    findings,
    codes: Object.fromEntries(Object.entries(identities).map(([step, { code }]) => [step, partDigits(code)])),
    gcMark,
    codeNotes: adopted.notes,
  };
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
          ...given({ hint }),
          exitCode: ExitCode.environment,
        }),
    ),
  );
}

function environmentText(environment: StepEnvironment | undefined): string {
  return environment?.imageIdentity ?? environment?.image ?? identityLines(environment?.toolVersions ?? {});
}

function planJobs({ loaded, rows }: RunRequest, plan: Plan, needs: Needs, limits: EngineLimits): JobDocument[] {
  const { pipeline } = loaded;
  const byName = new Map(plan.map((entry) => [entry.step.name, entry]));
  const anySampleRuns = plan.some(({ step, decisions }) => step.scope === 'sample' && decisions.includes('run'));
  return arrayJobs({
    pipeline,
    sampleCount: rows.length,
    submission: 0,
    maxArraySize: limits.maxArraySize,
    resources: (step, index) => (needs.get(step.name) as StepNeeds).of(index),
    runs: (step, index) => {
      const decision = byName.get(step.name)?.decisions[index];
      return decision === 'run' || (isGather(step) && anySampleRuns);
    },
  });
}

/** Asks the engine once for everything that these jobs need, and reports each finding once. */
export async function checkNeeds(
  engine: Engine,
  jobs: readonly JobDocument[],
  imageOf: (step: string) => string | undefined,
): Promise<Finding[]> {
  const needs = jobs.map(({ step, resources }) => ({ step, resources, image: imageOf(step) }));
  return distinct(await engine.check(distinct(needs)));
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
