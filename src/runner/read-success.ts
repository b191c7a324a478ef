import type { AttemptRecord } from '../record/attempt-record.ts';
import { succeededKey, type TaskRef } from '../record/keys.ts';
import { readRecord } from '../record/read-record.ts';
import type { Store } from '../store/store.ts';

/**
 * Reads the record of a task's success, if there is one. A record that was cut short (writes are not flushed, so a power
 * failure can do it) is taken away: its name still says success, and nobody would do the task again.
 */
export async function readSuccess(store: Store, task: TaskRef): Promise<AttemptRecord | undefined> {
  const key = succeededKey(task);
  const body = await store.read(key);
  const record = readRecord(body);
  if (body && !record && !isJson(body)) await store.remove([key]);
  return record;
}

/** What is JSON and no record was written by a later version of this program. */
function isJson(body: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder().decode(body));
    return true;
  } catch {
    return false;
  }
}
