import { attemptRecord, type AttemptRecord } from './attempt-record.ts';
import { documentOf, parsedJson } from './parse-document.ts';

/**
 * Reads a record's JSON; `undefined` for one that is not there, or was cut short: writes are not flushed, so a power failure
 * can do it.
 * @throws PipelineError `document-newer` or `document-changed` for JSON that is no record of this version: somebody else can
 * read it, so it must neither count for nothing nor be taken away.
 */
export function readRecord(key: string, body: Uint8Array | undefined): AttemptRecord | undefined {
  const json = body && parsedJson(body);
  return json === undefined ? undefined : documentOf(attemptRecord, key, json);
}
