import { attemptRecord, type AttemptRecord } from './attempt-record.ts';

/** Reads a record's JSON; `undefined` for one that is no record (cut short by a power failure, or of a later version). */
export function readRecord(body: Uint8Array | undefined): AttemptRecord | undefined {
  if (!body) return undefined;
  try {
    return attemptRecord.parse(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return undefined;
  }
}
