import { join } from 'node:path';
import { type CohortMember, type Metric, type Step, type GatherContext, StepFailure } from '../pipeline/step.ts';
import type { TaskResources } from '../pipeline/resources.ts';
import type { RecordedCheck, ToolCall } from '../record/attempt-record.ts';
import type { AttemptLog } from './attempt-log.ts';
import type { DeclaredOutput } from './publish.ts';
import { createShell } from './shell.ts';
import type { ToolCalls } from './tool-calls.ts';
import { findTool } from './tools.ts';

/** What a step's `run` produces besides files. */
export interface Observed {
  tools: ToolCall[];
  checks: RecordedCheck[];
  metrics: Record<string, Metric>;
}

export interface StepContextRequest {
  step: Step;
  sample: string;
  inputs: Readonly<Record<string, unknown>>;
  params: Readonly<Record<string, unknown>>;
  outputs: readonly DeclaredOutput[];
  /** By declared name: absolute path. */
  files: Readonly<Record<string, string>>;
  members: readonly CohortMember[];
  resources: TaskResources;
  scratch: string;
  log: AttemptLog;
  signal: AbortSignal;
  /** Collects the calls of tools. */
  calls: ToolCalls;
  /** Of the tools; they are searched for in its `PATH`. */
  environment: NodeJS.ProcessEnv;
}

/** The declared outputs of a step for one sample, with the paths at which they must appear. */
export function declaredOutputs(step: Step, sample: string, scratch: string): DeclaredOutput[] {
  return Object.entries(step.outputSpecs).map(([name, { file, optional }]) => ({
    name,
    path: join(scratch, file.replaceAll('{sample}', sample)),
    optional,
  }));
}

/** Makes the context of a step's `run`, and the object that collects its observations. */
export function createStepContext(request: StepContextRequest): {
  /** Of the type that the step declares, which only the step knows. */
  context: never;
  observed: Observed;
} {
  const observed: Observed = { tools: [], checks: [], metrics: {} };
  const { step, log, scratch, signal, resources, environment, calls } = request;
  const context: GatherContext<unknown, unknown, unknown, unknown> = {
    sample: request.sample,
    inputs: request.inputs,
    params: request.params,
    outputs: Object.fromEntries(request.outputs.map(({ name, path }) => [name, path])),
    files: request.files,
    scratch,
    cpus: resources.cpus,
    memoryMiB: resources.memoryMiB,
    members: request.members,
    signal,
    $: createShell({ scratch, log, signal, environment, calls, onCall: (call) => observed.tools.push(call) }),
    tool: (name) => toolCommand(step, name, environment['PATH'] ?? ''),
    log: (line) => log.line(line),
    metric: (name, value) => {
      observed.metrics[name] = value;
    },
    check: (name, values) => check(observed, name, values),
  };
  return { context: context as never, observed };
}

function toolCommand(step: Step, name: string, path: string): readonly string[] {
  const tool = step.tools.find((candidate) => candidate.name === name);
  if (!tool) throw new StepFailure('tool', `Step ${step.name} does not declare the tool "${name}"`);
  const command = findTool(tool, path);
  if (command) return command;
  throw new StepFailure('tool', `${name} is not installed here`, { hint: `apt-get install ${tool.install.debian}` });
}

function check(observed: Observed, name: string, values: { expected: Metric; actual: Metric; hint?: string }): void {
  const { expected, actual, hint } = values;
  const ok = expected === actual;
  observed.checks.push({ name, expected, actual, ok });
  if (!ok)
    throw new StepFailure('check', `${name}: expected ${expected}, got ${actual}`, hint === undefined ? {} : { hint });
}
