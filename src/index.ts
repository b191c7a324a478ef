/**
 * What `batch-pipeline` exports: for files that define pipelines and engines, and for programs that drive runs. The
 * functions for the latter load their code when they are called, so that a pipeline file does not pay for it.
 * @module
 */
import type { OnEvent } from './run/events.ts';
import type { ListedRuns } from './run/list-runs.ts';
import type { RunPlan } from './run/plan-run.ts';
import type { ReferenceOptions } from './run/references.ts';
import type { RunOptions } from './run/run-request.ts';
import type { Run } from './run/run.ts';
import type { Workspace, WorkspaceOptions } from './run/workspace.ts';

export { z } from 'zod';
export {
  collect,
  defineParams,
  defineReferences,
  defineSamples,
  firstOf,
  type CollectedFile,
} from './pipeline/inputs.ts';
export { definePipeline, type Pipeline, type PipelineSpec } from './pipeline/pipeline.ts';
export {
  defineStep,
  StepFailure,
  type CohortMember,
  type ContextOf,
  type DefinedStep,
  type GatherContext,
  type Metric,
  type Step,
  type StepContext,
  type StepSpec,
} from './pipeline/step.ts';
export type { Duration, KnownSizes, Resources, Size } from './pipeline/resources.ts';
export type { Shell, ShellOptions, ShellValue, ToolResult } from './pipeline/shell.ts';
export { defineTool, type Tool } from './pipeline/tool.ts';
export type { FailureCause } from './record/cause.ts';
export { defineEngine } from './engine/provider.ts';
export type {
  Elsewhere,
  EngineContext,
  EngineFlag,
  EngineFlags,
  EngineProvider,
  EngineServices,
  GivenFlags,
  OpenedEngine,
  PlannedPipeline,
  PlannedWork,
  StepEnvironment,
} from './engine/provider.ts';
export type {
  DependencyType,
  ElementState,
  Engine,
  EngineJob,
  EngineLimits,
  Finding,
  JobDependency,
  JobStatus,
  TaskResources,
  TaskVerdict,
} from './engine/engine.ts';
export { ExitCode, PipelineError, PipelineErrors } from './errors.ts';
export type { Cancelled } from './run/cancel-run.ts';
export type { OnEvent, RowOutcome, RunEvent, RunSummary, StepProgress } from './run/events.ts';
export type { ListedRun, ListedRuns } from './run/list-runs.ts';
export type { RunState, Snapshot } from './run/look.ts';
export type { PlanCounts, RunPlan } from './run/plan-run.ts';
export type { ReferenceOptions } from './run/references.ts';
export type { ResultFile, Results } from './run/results.ts';
export type { RunOptions } from './run/run-request.ts';
export type { RetryOptions, Run, RunOutcome, WatchOptions } from './run/run.ts';
export type { TaskLog } from './run/task-log.ts';
export type { EngineRequest, Environment, Workspace, WorkspaceOptions } from './run/workspace.ts';

/**
 * Opens a store for the functions below.
 * @throws PipelineError `store-url-invalid`; `document-newer` for a store of a newer program
 */
export async function openWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  return (await import('./run/library.ts')).openWorkspace(options);
}

/**
 * Looks at samples, store and engine, and plans. Changes nothing; `start` of the plan does.
 * @throws PipelineError, or PipelineErrors with everything that is wrong with options, samples and files
 */
export async function planRun(workspace: Workspace, options: RunOptions, onEvent?: OnEvent): Promise<RunPlan> {
  return (await import('./run/library.ts')).planRun(workspace, options, onEvent);
}

/**
 * Opens a run of the store: the one named, or the latest.
 * @throws PipelineError `run-not-found`
 */
export async function openRun(workspace: Workspace, id?: string): Promise<Run> {
  return (await import('./run/library.ts')).openRun(workspace, id);
}

/** The runs of the store, oldest first. */
export async function listRuns(workspace: Workspace): Promise<ListedRuns> {
  return (await import('./run/library.ts')).listRuns(workspace);
}

/**
 * Adds a named reference to the store, and starts what the pipeline makes of it once. `undefined` if that is done.
 * @throws PipelineErrors for files that the pipeline does not know or misses, and for wrong params
 */
export async function buildReference(
  workspace: Workspace,
  name: string,
  options: ReferenceOptions,
  onEvent?: OnEvent,
): Promise<Run | undefined> {
  return (await import('./run/library.ts')).buildReference(workspace, name, options, onEvent);
}
