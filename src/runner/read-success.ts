import { type AttemptRecord, readRecord } from '../record/attempt-record.ts';
import { succeededKey, type TaskRef } from '../record/keys.ts';
import type { Store } from '../store/store.ts';

/**
 * Reads the record of a task's success, if there is one. A truncated record is removed: its name still means success,
 * so the task would never run again.
 * @throws PipelineError for one written by a newer version of this program, see `readRecord`
 */
export async function readSuccess(store: Store, task: TaskRef): Promise<AttemptRecord | undefined> {
  const key = succeededKey(task);
  const body = await store.read(key);
  const record = readRecord(key, body);
  if (body && !record) await store.remove([key]);
  return record;
}
