import { styleText } from 'node:util';
import type { RunSummary } from '../run/events.ts';
import type { TaskRow, TaskStatus, TaskTable } from '../ledger/task-table.ts';
import { columns, count, duration } from './columns.ts';

/** Rows shown one by one; the rest of a large cohort is only counted. */
const MAX_ROWS = 50;

/** One row per sample, one column per step; samples that need attention first. */
export function statusText(table: TaskTable, options: { all?: boolean; running?: ReadonlySet<string> } = {}): string {
  const steps = table.manifest.steps.filter(({ scope }) => scope === 'sample').map(({ name }) => name);
  const interesting = table.rows.toSorted((a, b) => attention(b) - attention(a));
  const shown = options.all ? table.rows : interesting.slice(0, MAX_ROWS);
  const lines = shown.map((row) => [row.sample, ...steps.map((step) => taskText(row, step, options.running))]);
  const cohort = Object.entries(table.cohort.tasks).map(([step, task]) => [
    step,
    stateText(task, options.running?.has(`cohort/${step}`) ?? false),
  ]);
  const hidden = table.rows.length - shown.length;
  return [
    columns([['sample', ...steps].map((title) => styleText('bold', title)), ...lines]),
    ...(hidden > 0 ? [`… and ${count(hidden, 'more sample')} (--all shows them)`] : []),
    '',
    columns([...stepTotals(table, steps), ...cohort.map(([step = '', text = '']) => [`${step} (cohort)`, text])]),
  ].join('\n');
}

function attention(row: TaskRow): number {
  const states = Object.values(row.tasks).map(({ state }) => state);
  if (states.includes('failed')) return 3;
  if (states.includes('damaged')) return 2;
  return states.includes('waiting') ? 1 : 0;
}

function taskText(row: TaskRow, step: string, running: ReadonlySet<string> | undefined): string {
  const task = row.tasks[step];
  return task ? stateText(task, running?.has(`${row.sample}/${step}`) ?? false) : '';
}

function stateText(task: TaskStatus, isRunning: boolean): string {
  switch (task.state) {
    case 'succeeded':
      return styleText('green', task.upToDate ? 'up to date' : 'succeeded');
    case 'failed':
      return task.cause === 'cancelled' ? styleText('yellow', 'cancelled') : styleText('red', `failed: ${task.cause}`);
    case 'damaged':
      return styleText('red', 'output damaged');
    case 'upstream-failed':
      return styleText('yellow', 'upstream failed');
    case 'not-needed':
      return styleText('dim', '-');
    case 'waiting':
      return isRunning ? styleText('cyan', 'running') : 'waiting';
  }
}

function stepTotals(table: TaskTable, steps: readonly string[]): string[][] {
  return steps.map((step) => {
    const totals = new Map<string, number>();
    for (const row of table.rows) {
      const { state, cause } = row.tasks[step] ?? { state: 'not-needed' };
      const label = cause === 'cancelled' ? cause : state;
      if (state !== 'not-needed') totals.set(label, (totals.get(label) ?? 0) + 1);
    }
    return [step, [...totals].map(([state, number]) => `${number.toLocaleString('en')} ${state}`).join(', ')];
  });
}

/** One line that sums up a run. */
export function summaryText(run: string, summary: RunSummary): string {
  const good = styleText('green', `${summary.succeeded.toLocaleString('en')} succeeded`);
  const bad = summary.failed > 0 ? `, ${styleText('red', `${summary.failed.toLocaleString('en')} failed`)}` : '';
  const open =
    summary.unfinished > 0 ? `, ${styleText('yellow', `${summary.unfinished.toLocaleString('en')} unfinished`)}` : '';
  const cohort = summary.cohort === 'succeeded' ? '' : `, cohort steps ${styleText('red', summary.cohort)}`;
  const samples = summary.samples === 0 ? '' : `${count(summary.samples, 'sample')}, ${good}${bad}${open}`;
  return `Run ${run}: ${samples}${cohort}${samples || cohort ? '; ' : ''}${count(summary.ran, 'task')} run, ${summary.upToDate.toLocaleString('en')} up to date, in ${duration(summary.wallSeconds)}.`;
}
