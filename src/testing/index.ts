/**
 * For tests: of steps of a pipeline, of engines and of stores.
 * @module
 */
export { FailedStep, type FinishedStep, runStep, type StepRun } from './run-step.ts';
export type { ContractCase } from './contract-case.ts';
export { engineContract } from './engine-contract.ts';
export { type EngineFileOptions, openEngineFile } from './engine/engine-file.ts';
export { storeContract } from './store-contract.ts';
export type { Store } from '../store/store.ts';
export type { StoreHarness } from './store/store-lab.ts';
export type { EngineHarness } from './engine/engine-lab.ts';
