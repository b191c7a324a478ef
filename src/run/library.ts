/** The verbs that `batch-pipeline` exports; loaded when one is called. */
export { buildReference } from './references.ts';
export { listRuns } from './list-runs.ts';
export { planRun } from './plan-run.ts';
export { openRun } from './run.ts';
export { openWorkspace } from './workspace.ts';
