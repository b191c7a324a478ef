import { ExitCode } from '../errors.ts';
import type { RowOutcome, RunSummary } from './events.ts';
import type { TaskRow, TaskTable } from '../ledger/task-table.ts';

/** Counts of a run's table. A sample succeeded if none of its tasks is in another state. */
export function summarise({ rows, cohort }: TaskTable, wallSeconds: number): RunSummary {
  const tasks = [...rows, cohort].flatMap((row) => Object.values(row.tasks));
  const ofCohort = outcome(cohort, 'failed');
  const outcomes = rows.map((row) => outcome(row, ofCohort));
  const number = (wanted: RowOutcome) => outcomes.filter((one) => one === wanted).length;
  return {
    samples: rows.length,
    succeeded: number('succeeded'),
    failed: number('failed'),
    unfinished: number('unfinished'),
    cohort: ofCohort,
    ran: tasks.filter(({ state, upToDate }) => !upToDate && (state === 'succeeded' || state === 'failed')).length,
    upToDate: tasks.filter(({ upToDate }) => upToDate).length,
    wallSeconds: Math.round(wallSeconds * 10) / 10,
  };
}

/** Cancelled or unstarted tasks are no failures. `before`: the states of the steps that all samples wait for. */
function outcome({ tasks }: TaskRow, before: RowOutcome): RowOutcome {
  const all = Object.values(tasks);
  if (all.every(({ state }) => state === 'succeeded' || state === 'not-needed')) return 'succeeded';
  if (all.some(({ state, cause }) => state === 'damaged' || (state === 'failed' && cause !== 'cancelled')))
    return 'failed';
  if (all.some(({ state }) => state === 'failed' || state === 'waiting')) return 'unfinished';
  return before === 'unfinished' ? 'unfinished' : 'failed';
}

/** Exit code for the outcome of a run: unfinished work weighs more than failed samples. */
export function runExitCode({ failed, unfinished, cohort }: RunSummary): ExitCode {
  if (unfinished > 0 || cohort === 'unfinished') return ExitCode.unfinished;
  return failed > 0 || cohort === 'failed' ? ExitCode.samplesFailed : ExitCode.ok;
}

/** The warning about tasks whose outcome is unknown. */
export function forgottenText(tasks: number): string {
  return `The outcome of ${tasks} tasks is unknown: the engine no longer has their jobs, or belongs to another account or region. "retry" runs them again.`;
}
