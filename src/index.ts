/**
 * What a pipeline file imports from `batch-pipeline`.
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
  type KnownSizes,
  type Metric,
  type Resources,
  type Step,
  type StepContext,
  type StepSpec,
} from './pipeline/step.ts';
export type { Shell, ShellOptions, ShellValue, ToolResult } from './pipeline/shell.ts';
export type { Tool } from './pipeline/tool.ts';
export type { FailureCause } from './record/cause.ts';
