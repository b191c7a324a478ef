import type { HeldStep } from '../plan/held.ts';
import { heldStep, type OutputEntry } from '../plan/held.ts';
import { outputsPrefix, parseOutputKey, parseRecordKey, type RecordName, recordsPrefix } from '../record/keys.ts';
import type { Store } from '../store/store.ts';

/** Learns what the store holds of these steps: two listings a step, no document is read. */
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
      return [step, heldStep(records, outputs)];
    }),
  );
  return new Map(entries);
}

/** The records' names of one step. */
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
      if (output) outputs.push({ ...output, size });
    }
  }
  return outputs;
}
