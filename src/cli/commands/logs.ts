import { styleText } from 'node:util';
import { ExitCode, PipelineError } from '../../errors.ts';
import type { AttemptRecord } from '../../record/attempt-record.ts';
import { succeededKey } from '../../record/keys.ts';
import { readRecord } from '../../record/read-record.ts';
import { findRun, readManifest } from '../../ledger/run-store.ts';
import { cohortKey, readSamples, readTaskTable, type TaskTable } from '../../ledger/task-table.ts';
import { pasteable } from '../../runner/bash-script.ts';
import { scratchNamed } from '../../runner/scratch.ts';
import type { Store } from '../../store/store.ts';
import { closest } from 'fastest-levenshtein';
import { duration } from '../../views/columns.ts';
import { lastFailedRecord } from '../drive-run.ts';
import { findLiveLog, printLiveLog } from '../follow-log.ts';
import { notice, print, printJson } from '../print.ts';
import { openSession, storeUrl } from '../session.ts';

export interface LogsFlags {
  store?: string;
  json?: boolean;
  run?: string;
  follow?: boolean;
}

/** `batch-pipeline logs SAMPLE [STEP]` */
export async function logsCommand(sample: string, step: string | undefined, flags: LogsFlags): Promise<ExitCode> {
  const { store } = await openSession(storeUrl(flags));
  const manifest = await readManifest(store, await findRun(store, flags.run));
  // Looked for before the records are: a task that ends meanwhile is then found in one of the two.
  const live = flags.json ? undefined : await findLiveLog(store, manifest.run, sample, step);
  const table = await readTaskTable(store, manifest);
  const row = [...table.rows, table.cohort].find((candidate) => candidate.sample === sample);
  if (!row) throw unknownSample(sample, table);
  if (step !== undefined && !row.tasks[step]) throw unknownStep(step, Object.keys(row.tasks));
  if (live !== undefined) {
    await printLiveLog(store, live, flags.follow ?? false);
    return ExitCode.ok;
  }
  const wanted = step ?? telling(row.tasks);
  const record = await taskRecord(store, table, sample, wanted);
  if (!record && (await runsElsewhere(store, table, { sample, step: wanted }, flags))) return ExitCode.ok;
  if (!record) throw noLog(sample, wanted, row.tasks[wanted]?.state ?? 'waiting');
  await show(store, record, flags.json ?? false);
  return ExitCode.ok;
}

/** True where an engine elsewhere has something of a task that left no record yet; it has then been printed. */
async function runsElsewhere(
  store: Store,
  table: TaskTable,
  task: { sample: string; step: string },
  { follow = false }: LogsFlags,
): Promise<boolean> {
  if (table.manifest.engine === 'local') return false;
  const { printRemoteLog } = await import('../remote-log.ts');
  return printRemoteLog(store, table, task, { follow, write: (text) => process.stdout.write(text) });
}

/** The step whose log a reader wants: the one that failed, else the last one that has run. */
function telling(tasks: TableTasks): string {
  const steps = Object.entries(tasks);
  const failed = steps.find(([, { state }]) => state === 'failed');
  return (failed ?? steps.findLast(([, { state }]) => state === 'succeeded') ?? steps[0])?.[0] ?? '';
}
type TableTasks = TaskTable['cohort']['tasks'];

async function taskRecord(
  store: Store,
  table: TaskTable,
  sample: string,
  step: string,
): Promise<AttemptRecord | undefined> {
  const { manifest } = table;
  const described = manifest.steps.find(({ name }) => name === step);
  const key = described?.task
    ? cohortKey(manifest, described, table.rows)
    : ((await readSamples(store, manifest)).find(({ name }) => name === sample)?.tasks[step]?.key ?? '');
  const recordKey = succeededKey({ pipeline: manifest.pipeline, step, sample, key });
  return readRecord(recordKey, await store.read(recordKey)) ?? lastFailedRecord(store, manifest, sample, step);
}

async function show(store: Store, record: AttemptRecord, json: boolean): Promise<void> {
  if (json) {
    printJson(record);
    return;
  }
  const outcome =
    record.state === 'succeeded' ? styleText('green', 'succeeded') : styleText('red', `failed: ${record.cause}`);
  notice(
    `${styleText('bold', `${record.sample} ${record.step}`)} ${outcome}, try ${record.attempt} of run ${record.run} on ${record.host}, ${duration(record.wallSeconds)}`,
  );
  if (record.message) notice(record.message);
  const log = record.log === undefined ? undefined : await store.read(record.log);
  print(log ? new TextDecoder().decode(log).trimEnd() : withoutOutput(record));
}

/** The log of tools that printed nothing has their command lines alone, and is not stored. */
function withoutOutput({ host, tools }: AttemptRecord): string {
  const scratch = scratchNamed(
    host,
    tools.flatMap(({ argv }) => argv),
  );
  return [...tools.map(({ argv }) => `$ ${pasteable(argv, scratch)}`), '(the tools printed nothing)'].join('\n');
}

function unknownSample(sample: string, table: TaskTable): PipelineError {
  const names = table.rows.map((row) => row.sample);
  return new PipelineError({
    code: 'sample-unknown',
    message: `Run ${table.manifest.run} has no sample "${sample}"`,
    ...(names.length > 0 ? { hint: `Did you mean "${closest(sample, names)}"?` } : {}),
  });
}

function unknownStep(step: string, steps: string[]): PipelineError {
  return new PipelineError({
    code: 'step-unknown',
    message: `There is no step "${step}"`,
    hint: `Steps: ${steps.join(', ')}.`,
  });
}

function noLog(sample: string, step: string, state: string): PipelineError {
  return new PipelineError({
    code: 'log-missing',
    message: `${sample} ${step} has no log: ${state}`,
    hint: 'batch-pipeline status shows where the run is.',
  });
}
