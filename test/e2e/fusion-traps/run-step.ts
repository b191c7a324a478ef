import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NO_SIZES, taskResources } from '../../../src/pipeline/resources.ts';
import { type CohortMember, type Step, StepFailure } from '../../../src/pipeline/step.ts';
import { openAttemptLog } from '../../../src/runner/attempt-log.ts';
import { createStepContext, declaredOutputs, type Observed } from '../../../src/runner/step-context.ts';
import { ToolCalls } from '../../../src/runner/tool-calls.ts';

export interface StepRequest {
  /** New folder for the attempt; made here. */
  folder: string;
  sample?: string;
  inputs: Readonly<Record<string, unknown>>;
  /** Others have their defaults. */
  params?: Readonly<Record<string, unknown>>;
  members?: readonly CohortMember[];
  cpus?: number;
}

export interface StepEnd {
  /** Paths by output name; only those that exist. */
  outputs: Record<string, string>;
  observed: Observed;
  log: string;
  /** Set if the step said why it failed; any other error is thrown. */
  failure?: StepFailure;
}

/** Runs one step as the runner does, with real tools, without a run around it. */
export async function runStep(step: Step, request: StepRequest): Promise<StepEnd> {
  const { folder, sample = 'S1' } = request;
  mkdirSync(folder, { recursive: true });
  const log = openAttemptLog(join(folder, 'attempt.log'));
  const outputs = declaredOutputs(step, sample, folder);
  const { context, observed } = createStepContext({
    step,
    sample,
    inputs: request.inputs,
    params: resolveParams(step, request.params ?? {}),
    outputs,
    files: {},
    members: request.members ?? [],
    resources: { ...taskResources(step, NO_SIZES), ...(request.cpus ? { cpus: request.cpus } : {}) },
    scratch: folder,
    log,
    signal: AbortSignal.timeout(280_000),
    calls: new ToolCalls(),
    environment: process.env,
  });
  const failure = await failureOf(step.run(context));
  const made = outputs.filter(({ path }) => existsSync(path));
  return {
    outputs: Object.fromEntries(made.map(({ name, path }) => [name, path])),
    observed,
    log: existsSync(log.path) ? readFileSync(log.path, 'utf8') : '',
    ...(failure ? { failure } : {}),
  };
}

/** Like `runStep`, for a step that is expected to succeed. */
export async function runToEnd(step: Step, request: StepRequest): Promise<StepEnd> {
  const end = await runStep(step, request);
  if (end.failure) throw new Error(`${step.name} failed: ${end.failure.message}\n${end.log}`);
  return end;
}

/** One output of a finished step; throws if it is not there. */
export function outputOf(end: StepEnd, name: string): string {
  const path = end.outputs[name];
  if (path === undefined) throw new Error(`There is no output ${name}`);
  return path;
}

function resolveParams(step: Step, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.values(step.params).map(({ name, schema }) => [name, schema.parse(given[name])]);
  return Object.fromEntries(entries);
}

async function failureOf(running: Promise<void>): Promise<StepFailure | undefined> {
  try {
    await running;
    return undefined;
  } catch (error) {
    if (error instanceof StepFailure) return error;
    throw error;
  }
}
