import { z } from 'zod';
import { documentOf, parsedJson } from './parse-document.ts';

const metric = z.union([z.string(), z.number()]);

/** A file as it was staged or published. */
const recordedFile = z.object({
  /** The step's name for it; of a collected input with the sample after a colon. */
  name: z.string(),
  /** Store key of an output; location of an input. */
  location: z.string(),
  /** Bytes. */
  size: z.number().int().nonnegative(),
  sha256: z.string().optional(),
  /** An input that lay in the cache of the machine, so that nothing was transferred. */
  cached: z.literal(true).optional(),
});
export type RecordedFile = z.infer<typeof recordedFile>;

const toolCall = z.object({
  argv: z.array(z.string()),
  exitCode: z.number().int().optional(),
  signal: z.string().optional(),
  wallSeconds: z.number(),
});
export type ToolCall = z.infer<typeof toolCall>;

const recordedCheck = z.object({ name: z.string(), expected: metric, actual: metric, ok: z.boolean() });
export type RecordedCheck = z.infer<typeof recordedCheck>;

/** The small JSON document that an attempt leaves in the store. */
export const attemptRecord = z.object({
  version: z.literal(1),
  state: z.enum(['succeeded', 'failed']),
  pipeline: z.string(),
  step: z.string(),
  sample: z.string(),
  /** Task key: 40 hex digits. */
  key: z.string(),
  /** Values of the params that the step reads, so that a later plan can say which one changed. */
  params: z.record(z.string(), z.unknown()),
  run: z.string(),
  submission: z.number().int(),
  attempt: z.number().int(),
  job: z.string(),
  index: z.number().int(),
  /** Of a failure: one of `FAILURE_CAUSES`, or one that only a later program knows. */
  cause: z.string().optional(),
  message: z.string().optional(),
  hint: z.string().optional(),
  /** ISO 8601, UTC, by the clock of the machine that ran it: for readers, never for decisions. */
  startedAt: z.string(),
  endedAt: z.string(),
  /** Monotonic. */
  wallSeconds: z.number(),
  /** User and system time of the tools and of the runner while it worked on this. */
  cpuSeconds: z.number(),
  /** Highest resident memory seen of the tools together; absent where the system does not tell. */
  peakMemoryMiB: z.number().optional(),
  /** Transferred: inputs from the machine's cache do not count. */
  bytesIn: z.number(),
  bytesOut: z.number(),
  inputs: z.array(recordedFile),
  outputs: z.array(recordedFile),
  tools: z.array(toolCall),
  toolVersions: z.record(z.string(), z.string()),
  image: z.string().optional(),
  checks: z.array(recordedCheck),
  metrics: z.record(z.string(), metric),
  host: z.string(),
  /** Store key of the attempt's log; absent if nothing was printed. */
  log: z.string().optional(),
  /** The last 50 lines of what the tools wrote to stderr. */
  stderrTail: z.array(z.string()),
});
export type AttemptRecord = z.infer<typeof attemptRecord>;

/**
 * Reads a record's JSON; `undefined` if it is absent or truncated: writes are not flushed, so a power failure can truncate.
 * @throws PipelineError `document-newer` or `document-changed` for JSON that is not a record of this version: another
 * version can read it, so it must be neither ignored nor removed.
 */
export function readRecord(key: string, body: Uint8Array | undefined): AttemptRecord | undefined {
  const json = body && parsedJson(body);
  return json === undefined ? undefined : documentOf(attemptRecord, key, json);
}
