import type { AttemptRecord } from '../record/attempt-record.ts';
import { type AttemptId, logKey, type TaskRef } from '../record/keys.ts';
import type { Store } from '../store/store.ts';
import { type Attempt, stepParams, type Work } from './attempt.ts';
import type { AttemptLog } from './attempt-log.ts';
import type { AttemptFailure } from './failure.ts';
import type { Measurement } from './measure.ts';
import { given } from '../given.ts';

/** How an attempt ended. */
export interface Ending {
  log: AttemptLog;
  /** The last lines that the tools and the step have written. */
  printed: readonly string[];
  work: Work;
  failure: AttemptFailure | undefined;
  startedAt: string;
  measured: Measurement;
}

/** Publishes the attempt's log, and makes its record. */
export async function makeRecord(attempt: Attempt, store: Store, ending: Ending): Promise<AttemptRecord> {
  const { ref, id, task, manifest, step } = attempt;
  const { work, failure, log, measured } = ending;
  const described = manifest.steps.find(({ name }) => name === step.name);
  // Command lines are in the record: alone they are not worth an object for each task.
  const logged = failure || log.hasOutput() ? await publishLog(store, ref, id, log) : undefined;
  return {
    version: 1,
    state: failure ? 'failed' : 'succeeded',
    ...ref,
    params: stepParams(step, manifest),
    ...id,
    job: attempt.job.job,
    index: task.index,
    ...failure,
    startedAt: ending.startedAt,
    endedAt: new Date().toISOString(),
    wallSeconds: measured.wallSeconds,
    cpuSeconds: measured.cpuSeconds,
    ...given({ peakMemoryMiB: measured.peakMemoryMiB }),
    bytesIn: sumSizes(work.staged.files.filter(({ cached }) => !cached)),
    bytesOut: sumSizes(work.outputs),
    inputs: work.staged.files,
    outputs: work.outputs,
    ...work.observed,
    toolVersions: described?.toolVersions ?? {},
    ...given({ image: described?.image }),
    host: task.host,
    ...given({ log: logged }),
    stderrTail: [...ending.printed],
  };
}

async function publishLog(store: Store, ref: TaskRef, id: AttemptId, log: AttemptLog): Promise<string> {
  const key = logKey(ref, id);
  await store.putFile(key, log.path);
  return key;
}

function sumSizes(files: readonly { size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

/** A record as stored. */
export function serialise(record: AttemptRecord): string {
  return `${JSON.stringify(record)}\n`;
}
