import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { ExitCode } from '../../errors.ts';
import type { StepProgress } from '../../run/events.ts';
import type { RunState, Snapshot } from '../../run/look.ts';
import { openRun } from '../../run/run.ts';
import { forgottenText, runExitCode, summarise } from '../../run/summarise.ts';
import { statusText } from '../../views/status-text.ts';
import { print } from '../print.ts';
import { commandWith, openSession, storeUrl } from '../session.ts';

export interface StatusFlags {
  store?: string;
  json?: boolean;
  watch?: boolean;
  all?: boolean;
}

interface TextFlags extends StatusFlags {
  /** Names the run in commands, unless it is the latest. */
  ofRun: string;
}

/** `batch-pipeline status` */
export async function statusCommand(name: string | undefined, flags: StatusFlags): Promise<ExitCode> {
  const run = await openRun(await openSession(storeUrl(flags)), name);
  const show = flags.json ? jsonOf : textOf;
  const ofRun = name === undefined ? '' : ` --run ${run.id}`;
  let shown = '';
  try {
    for (;;) {
      const snapshot = await run.look();
      const text = show(run.id, snapshot, { ...flags, ofRun });
      // A pipe gets each state once.
      if (text !== shown) printScreen(text, flags);
      shown = text;
      if (!flags.watch || snapshot.state !== 'running') return exitCode(snapshot);
      await sleep(run.refreshMs);
    }
  } finally {
    await run.close();
  }
}

function printScreen(text: string, { watch, json }: StatusFlags): void {
  if (watch && !json && process.stdout.isTTY) process.stdout.write('\x1B[2J\x1B[H');
  print(text);
}

function jsonOf(run: string, { table, state, running, live, stuck, forgotten }: Snapshot): string {
  const facts = { run, state, summary: summarise(table, 0), samples: table.rows, cohort: table.cohort };
  return JSON.stringify({ ...facts, running: [...running], live, stuck, forgotten }, undefined, 2);
}

function textOf(run: string, snapshot: Snapshot, flags: TextFlags): string {
  const { all } = flags;
  const { table, state, running, live, stuck, forgotten } = snapshot;
  const { manifest } = table;
  const title = `Run ${styleText('bold', run)} of ${manifest.pipeline} on ${manifest.engine}, started ${manifest.createdAt}: ${stateText(state)}`;
  const counts = state === 'running' && live.length > 0 ? [liveText(live)] : [];
  const warnings = [...stuck, ...(forgotten > 0 ? [forgottenText(forgotten)] : [])].map(
    (text) => `${styleText('yellow', 'warning:')} ${text}`,
  );
  const grid = statusText(table, { running, ...(all === undefined ? {} : { all }) });
  return [title, ...counts, ...warnings, grid, ...debugText(table, flags)].join('\n\n');
}

/** How to run a failed task again where its files can be looked at. */
function debugText({ rows, cohort }: Snapshot['table'], flags: TextFlags): string[] {
  for (const { sample, tasks } of [...rows, cohort]) {
    const failed = Object.entries(tasks).find(([, { state, cause }]) => state === 'failed' && cause !== 'cancelled');
    if (failed) return [`debug: ${commandWith(flags)} debug ${sample} ${failed[0]}${flags.ofRun}`];
  }
  return [];
}

function liveText(live: readonly StepProgress[]): string {
  return live
    .map(
      ({ step, running, done, failed, total }) => `${step}: ${running} running, ${done + failed} of ${total} finished`,
    )
    .join('\n');
}

function stateText(state: RunState): string {
  switch (state) {
    case 'running':
      return styleText('cyan', 'running');
    case 'over':
      return 'over';
    case 'interrupted':
      return styleText('yellow', 'interrupted; the same `run` command carries on');
  }
}

function exitCode({ table, state }: Snapshot): ExitCode {
  if (state !== 'over') return ExitCode.unfinished;
  return runExitCode(summarise(table, 0));
}
