/**
 * For tests: of steps of a pipeline, and of engines.
 * @module
 */
export { FailedStep, type FinishedStep, runStep, type StepRun } from './run-step.ts';
export type { ContractCase } from './contract-case.ts';
export { engineContract } from './engine-contract.ts';
export { type EngineFileOptions, openEngineFile } from './engine/engine-file.ts';
export type { EngineHarness } from './engine/engine-lab.ts';
