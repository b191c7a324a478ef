import { type HeldStep, heldStep, isWhole, type OutputEntry } from '../record/held.ts';
import {
  isHidden,
  outputsPrefix,
  parseOutputKey,
  parseRecordKey,
  type RecordName,
  recordsPrefix,
  succeededKey,
} from '../record/keys.ts';
import { readRecord } from '../record/attempt-record.ts';
import type { Store } from '../store/store.ts';

/** Finds what the store holds for these steps: two listings per step, and almost no document is read. */
export async function loadHeld(
  store: Store,
  pipeline: string,
  steps: readonly string[],
): Promise<Map<string, HeldStep>> {
  const entries = await Promise.all(
    steps.map(async (step): Promise<[string, HeldStep]> => {
      const [records, outputs] = await Promise.all([
        listRecords(store, pipeline, step),
        listOutputs(store, pipeline, step),
      ]);
      const held = heldStep(records, outputs);
      await settleDoubts(store, { pipeline, step }, held, outputs);
      return [step, held];
    }),
  );
  return new Map(entries);
}

/**
 * A task with an attempt that was killed before writing its record may have several folders. A whole folder need not be
 * the one that counts; the record decides.
 */
async function settleDoubts(
  store: Store,
  where: { pipeline: string; step: string },
  held: HeldStep,
  outputs: readonly OutputEntry[],
): Promise<void> {
  for (const task of tasksWithSeveralFolders(outputs)) {
    if (!held.whole.has(task)) continue;
    const dot = task.lastIndexOf('.');
    const ref = { ...where, sample: task.slice(0, dot), key: task.slice(dot + 1) };
    const key = succeededKey(ref);
    const record = readRecord(key, await store.read(key));
    const counts = parseOutputKey(record?.outputs[0]?.location ?? '')?.print ?? '';
    const files = outputs.filter((entry) => entry.task === task && entry.print === counts);
    if (!isWhole(counts, files)) held.whole.delete(task);
  }
}

function tasksWithSeveralFolders(outputs: readonly OutputEntry[]): Set<string> {
  const prints = new Map<string, string>();
  const several = new Set<string>();
  for (const { task, print } of outputs) {
    if ((prints.get(task) ?? print) !== print) several.add(task);
    prints.set(task, print);
  }
  return several;
}

/** Parsed record names of one step. */
export async function listRecords(store: Store, pipeline: string, step: string): Promise<RecordName[]> {
  const records: RecordName[] = [];
  for await (const page of store.list(recordsPrefix(pipeline, step))) {
    for (const { key } of page) {
      const record = parseRecordKey(key);
      if (record) records.push(record);
    }
  }
  return records;
}

async function listOutputs(store: Store, pipeline: string, step: string): Promise<OutputEntry[]> {
  const outputs: OutputEntry[] = [];
  for await (const page of store.list(outputsPrefix(pipeline, step))) {
    for (const { key, size } of page) {
      const output = parseOutputKey(key);
      if (output && !isHidden(key)) outputs.push({ ...output, size });
    }
  }
  return outputs;
}
