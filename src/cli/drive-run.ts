import { styleText } from 'node:util';
import { ExitCode } from '../errors.ts';
import type { Engine } from '../engine/engine.ts';
import type { LocalEngine } from '../engine/local/local-engine.ts';
import type { AttemptRecord } from '../record/attempt-record.ts';
import { failedKey, parseRecordKey, recordsPrefix } from '../record/keys.ts';
import type { Manifest } from '../record/manifest.ts';
import { readRecord } from '../record/read-record.ts';
import type { OnEvent, RunSummary } from '../run/events.ts';
import type { SubmittedJob } from '../ledger/run-store.ts';
import type { TaskTable } from '../ledger/task-table.ts';
import { watchRun } from '../run/watch.ts';
import type { Store } from '../store/store.ts';
import { failureText } from '../views/error-text.ts';
import { summaryText } from '../views/status-text.ts';
import { count } from '../views/columns.ts';
import { notice } from './print.ts';
import { createProgress } from './progress.ts';
import { runExitCode } from './run-exit-code.ts';
import { scratchRoot } from './session.ts';

/** Failures told in full at the end; a screen holds no more. */
const FAILURES_SHOWN = 3;

export interface Drive {
  store: Store;
  engine: Engine;
  /** Where the engine works in this process, and dies with it. */
  local?: LocalEngine;
  manifest: Manifest;
  submitted: readonly SubmittedJob[];
  json: boolean;
  /** How the user calls this program, for the commands that are suggested. */
  command: string;
  /** What to do after a good end, instead of looking at results. */
  next?: string;
}

/** Watches a run to its end with progress, hears Ctrl-C (first asks, second kills), and tells how it went. */
export async function driveRun(drive: Drive): Promise<ExitCode> {
  const { store, engine, manifest, submitted } = drive;
  const progress = createProgress(drive.json);
  const interrupts = hearInterrupts(drive);
  const onEvent: OnEvent = (event) => {
    if (drive.json && event.kind !== 'progress') process.stdout.write(`${JSON.stringify(event)}\n`);
    progress.event(event);
  };
  try {
    const { table, summary } = await watchRun({
      ...{ store, engine, manifest, submitted, onEvent, signal: interrupts.left },
      ...(drive.local ? { heartbeat: heartbeatOf(drive.local, store, manifest) } : {}),
    });
    progress.stop();
    if (!drive.json) await tellOutcome(drive, table, summary);
    if (interrupts.count() > 0) return ExitCode.interrupted;
    return runExitCode(summary);
  } catch (error) {
    if (!interrupts.left.aborted) throw error;
    progress.stop();
    notice(
      `\nRun ${manifest.run} goes on without us. next: ${drive.command} status ${manifest.run} --watch   ${drive.command} cancel ${manifest.run}`,
    );
    return ExitCode.interrupted;
  } finally {
    progress.stop();
    interrupts.forget();
    await engine.close();
  }
}

function heartbeatOf(local: LocalEngine, store: Store, manifest: Manifest) {
  return () => ({
    scratchRoot: scratchRoot(store),
    running: local.running().map(({ jobId, index, step, startedAt }) => ({
      ...{ job: jobId.slice(`${manifest.run}-${manifest.nonce}-`.length), index, step },
      seconds: Math.round((performance.now() - startedAt) / 1000),
    })),
  });
}

async function tellOutcome(drive: Drive, table: TaskTable, summary: RunSummary): Promise<void> {
  const failed = failedTasks(table);
  const failures = await readFailures(drive.store, table, failed.slice(0, FAILURES_SHOWN));
  for (const record of failures) notice(`\n${failureText(record, drive.command)}`);
  if (failed.length > FAILURES_SHOWN) notice(`\n… and ${count(failed.length - FAILURES_SHOWN, 'more failed task')}`);
  notice(`\n${summaryText(table.manifest.run, summary)}`);
  const next =
    runExitCode(summary) !== ExitCode.ok
      ? ['status', 'retry'].map((verb) => `${drive.command} ${verb}${drive.next ? ` ${drive.manifest.run}` : ''}`)
      : [drive.next ?? `${drive.command} results`];
  notice(styleText('dim', `next: ${next.join('   ')}`));
}

interface FailedTask {
  sample: string;
  step: string;
}

/** Tasks that failed by themselves; those that were cancelled have nothing to tell. */
function failedTasks({ rows, cohort }: TaskTable): FailedTask[] {
  return [...rows, cohort].flatMap((row) =>
    Object.entries(row.tasks).flatMap(([step, { state, cause }]) =>
      state === 'failed' && cause !== 'cancelled' ? [{ sample: row.sample, step }] : [],
    ),
  );
}

async function readFailures(store: Store, table: TaskTable, failed: readonly FailedTask[]): Promise<AttemptRecord[]> {
  const records: AttemptRecord[] = [];
  for (const { sample, step } of failed) {
    const record = await lastFailedRecord(store, table.manifest, sample, step);
    if (record) records.push(record);
  }
  return records;
}

/** The latest failed attempt of a task in this run. */
export async function lastFailedRecord(
  store: Store,
  manifest: Manifest,
  sample: string,
  step: string,
): Promise<AttemptRecord | undefined> {
  let latest: { key: string; at: number } | undefined;
  for await (const page of store.list(`${recordsPrefix(manifest.pipeline, step)}${sample}.`)) {
    for (const { key } of page) {
      const name = parseRecordKey(key);
      if (name?.state !== 'failed' || name.sample !== sample || name.attempt.run !== manifest.run) continue;
      const at = name.attempt.submission * 1000 + name.attempt.attempt;
      const full = failedKey({ pipeline: manifest.pipeline, step, sample, key: name.key }, name.attempt, name.cause);
      if (at >= (latest?.at ?? 0)) latest = { key: full, at };
    }
  }
  return latest && readRecord(latest.key, await store.read(latest.key));
}

interface Interrupts {
  count(): number;
  /** Aborted when the watching ends and the run goes on; never on an engine that lives in this process. */
  left: AbortSignal;
  forget(): void;
}

/** Ctrl-C: where tasks are ours, the first asks them to end and the second kills; elsewhere we only stop looking. */
function hearInterrupts({ engine, local, submitted }: Drive): Interrupts {
  let count = 0;
  const leaving = new AbortController();
  const onSignal = (): void => {
    count += 1;
    if (!local) leaving.abort();
    else if (count > 1) local.kill();
    else {
      notice('\nStopping: running tasks are asked to end. Again to kill them. The same command carries on later.');
      const ids = submitted.map(({ jobId }) => jobId);
      void engine.cancel(ids, 'Interrupted');
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    count: () => count,
    left: leaving.signal,
    forget: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
