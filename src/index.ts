/**
 * What files that define pipelines and engines import from `batch-pipeline`.
 * @module
 */
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
