import { ExitCode } from '../../errors.ts';
import type { RunEvent } from '../../run/events.ts';
import { type PlanCounts, planRun } from '../../run/plan-run.ts';
import type { Run } from '../../run/run.ts';
import { count } from '../../views/columns.ts';
import { notice, printJson } from '../print.ts';
import { printEvent, showEvent, showWarnings } from '../show-event.ts';
import { type RunFlags, runOptions } from '../run-flags.ts';
import { commandWith, openSession, storeUrl } from '../session.ts';

export interface RunCommandFlags extends RunFlags {
  json?: boolean;
  watch?: boolean;
}

/** `batch-pipeline run`: plan, submit, watch. */
export async function runCommand(pipelineName: string, flags: RunCommandFlags): Promise<ExitCode> {
  const workspace = await openSession(storeUrl(flags));
  const plan = await planRun(workspace, await runOptions(pipelineName, flags), showEvent);
  showWarnings(plan);
  const run = await plan.start(flags.json ? printStarted : showEvent);
  if (!run) return nothingToDo(plan.counts, flags.json ?? false);
  const view = { json: flags.json ?? false, command: commandWith(flags) };
  if (!run.isHere && !flags.watch && run.submittedJobs > 0) return submittedOnly(run, view);
  // Not needed, and so not loaded, when there is nothing to do.
  const { driveRun } = await import('../drive-run.ts');
  return driveRun(run, view);
}

function printStarted(event: RunEvent): void {
  if (event.kind === 'joined') showEvent(event);
  else printEvent(event);
}

/** On an engine that needs no process of ours, a run goes on by itself. */
async function submittedOnly(run: Run, { json, command }: { json: boolean; command: string }): Promise<ExitCode> {
  const jobs = run.submittedJobs;
  await run.close();
  if (!json) {
    notice(`Submitted ${count(jobs, 'job')}; no local process has to keep running.`);
    notice(`next: ${command} status ${run.id} --watch`);
  }
  return ExitCode.ok;
}

function nothingToDo({ samples, upToDate }: PlanCounts, json: boolean): ExitCode {
  if (json) printJson({ kind: 'up-to-date', samples, tasks: upToDate });
  else notice(`Everything is up to date: ${count(samples, 'sample')}, ${count(upToDate, 'task')}, all outputs exist.`);
  return ExitCode.ok;
}
