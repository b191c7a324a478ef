import { styleText } from 'node:util';
import { ExitCode } from '../errors.ts';
import type { RunEvent } from '../run/events.ts';
import type { Run, RunOutcome } from '../run/run.ts';
import { runExitCode } from '../run/summarise.ts';
import { count } from '../views/columns.ts';
import { failureText } from '../views/error-text.ts';
import { summaryText } from '../views/status-text.ts';
import { notice } from './print.ts';
import { createProgress } from './progress.ts';
import { printEvent } from './show-event.ts';

/** Failures shown in full at the end; a screen holds no more. */
const FAILURES_SHOWN = 3;

export interface View {
  json: boolean;
  /** How the user calls this program, for the commands that are suggested. */
  command: string;
  /** What to do after a good end, instead of looking at results. */
  next?: string;
}

/** Watches a run to its end with progress, handles Ctrl-C (the first stops, the second kills), and prints the outcome. */
export async function driveRun(run: Run, view: View): Promise<ExitCode> {
  const progress = createProgress(view.json);
  const interrupts = handleInterrupts(run);
  const onEvent = (event: RunEvent): void => {
    if (view.json && event.kind !== 'progress') printEvent(event);
    progress.event(event);
  };
  try {
    const outcome = await run.watch({ onEvent, signal: interrupts.left });
    progress.stop();
    if (!view.json) await showOutcome(run, outcome, view);
    return interrupts.count() > 0 ? ExitCode.interrupted : runExitCode(outcome.summary);
  } catch (error) {
    if (!interrupts.left.aborted) throw error;
    progress.stop();
    notice(
      `\nRun ${run.id} continues without this process. next: ${view.command} status ${run.id} --watch   ${view.command} cancel ${run.id}`,
    );
    return ExitCode.interrupted;
  } finally {
    progress.stop();
    interrupts.forget();
    await run.close();
  }
}

async function showOutcome(run: Run, { table, summary }: RunOutcome, view: View): Promise<void> {
  const { total, records } = await run.failures({ table, most: FAILURES_SHOWN });
  for (const record of records) notice(`\n${failureText(record, view.command)}`);
  if (total > FAILURES_SHOWN) notice(`\n… and ${count(total - FAILURES_SHOWN, 'more failed task')}`);
  notice(`\n${summaryText(run.id, summary)}`);
  const next =
    runExitCode(summary) !== ExitCode.ok
      ? ['status', 'retry'].map((verb) => `${view.command} ${verb}${view.next ? ` ${run.id}` : ''}`)
      : [view.next ?? `${view.command} results`];
  notice(styleText('dim', `next: ${next.join('   ')}`));
}

interface Interrupts {
  count(): number;
  /** Aborted when the watching ends and the run goes on; never for a run of this process. */
  left: AbortSignal;
  forget(): void;
}

/** Ctrl-C: for a run of this process, the first asks its tasks to end and the second kills; elsewhere watching ends. */
function handleInterrupts(run: Run): Interrupts {
  let count = 0;
  const leaving = new AbortController();
  const onSignal = (): void => {
    count += 1;
    if (!run.isHere) leaving.abort();
    else if (count > 1) run.kill();
    else {
      notice('\nStopping: running tasks are asked to end. Again to kill them. The same command continues later.');
      void run.stop();
    }
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    count: () => count,
    left: leaving.signal,
    forget: () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal),
  };
}
