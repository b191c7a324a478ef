import { type AttemptRecord, readRecord } from '../record/attempt-record.ts';
import { succeededKey, type TaskRef } from '../record/keys.ts';
import type { Store } from '../store/store.ts';

/**
 * Reads the record of a task's success, if there is one. A record that was cut short is taken away: its name still says
 * success, and nobody would do the task again.
 * @throws PipelineError for one that another version of this program can read, see `readRecord`
 */
export async function readSuccess(store: Store, task: TaskRef): Promise<AttemptRecord | undefined> {
  const key = succeededKey(task);
  const body = await store.read(key);
  const record = readRecord(key, body);
  if (body && !record) await store.remove([key]);
  return record;
}
