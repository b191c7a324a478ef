/**
 * For tests: of the steps of a pipeline.
 * @module
 */
export { FailedStep, type FinishedStep, runStep, type StepRun } from './run-step.ts';
