import { readFileSync, type StatsFs, statfsSync } from 'node:fs';
import { PipelineError, systemCode } from '../errors.ts';
import { StepFailure } from '../pipeline/step.ts';
import type { FailureCause } from '../record/cause.ts';
import { isStoreAway } from '../store/store-errors.ts';

/** What a tool prints when memory or disk ran out, whatever its exit code: the JVM, C++, glibc, the kernel's text for ENOSPC. */
const TELLTALES: readonly [RegExp, FailureCause][] = [
  [/java\.lang\.OutOfMemoryError|std::bad_alloc|Cannot allocate memory|JavaScript heap out of memory/, 'out-of-memory'],
  [/No space left on device|Disk quota exceeded/, 'disk'],
];

/**
 * Counts the kernel's out-of-memory kills on this machine (vmstat) so that a SIGKILL for memory can be told from any
 * other.
 */
export function outOfMemoryKills(): number {
  try {
    return Number(/^oom_kill (\d+)/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Below this the next write of any tool may fail. */
const NO_SPACE_BYTES = 64 * 1024;

/** A tool on a full disk cannot even report it: its log is on the same disk. */
export function isDiskFull(folder: string): boolean {
  return hasNoRoom(statfsSync(folder), process.geteuid?.() === 0);
}

/**
 * Only root may write to what a filesystem keeps in reserve; a filesystem that does not know its size reports 0 for
 * everything.
 */
export function hasNoRoom(
  stats: Pick<StatsFs, 'blocks' | 'bfree' | 'bavail' | 'bsize' | 'files' | 'ffree'>,
  isRoot: boolean,
): boolean {
  const { blocks, bfree, bavail, bsize, files, ffree } = stats;
  return (blocks > 0 && (isRoot ? bfree : bavail) * bsize < NO_SPACE_BYTES) || (files > 0 && ffree === 0);
}

/** The cause of a tool's failure. */
export function toolFailureCause(facts: {
  signal: string | undefined;
  printed: string;
  oomKills: number;
  diskFull: boolean;
}): FailureCause {
  const telltale = TELLTALES.find(([pattern]) => pattern.test(facts.printed));
  if (telltale) return telltale[1];
  if (facts.diskFull) return 'disk';
  return facts.signal === 'SIGKILL' && facts.oomKills > 0 ? 'out-of-memory' : 'tool';
}

/**
 * Ends an attempt without a record, where only the engine knows why: it reports afterwards whether the task was
 * terminated or its machine lost.
 */
export class Interruption extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Interruption';
  }
}

export interface AttemptFailure {
  cause: FailureCause;
  message: string;
  hint?: string;
}

/**
 * Turns anything that ended an attempt into cause and message. An abort's reason takes precedence: other errors follow
 * from it.
 */
export function describeFailure(error: unknown, signal: AbortSignal): AttemptFailure {
  const reason: unknown = signal.aborted ? signal.reason : error;
  if (reason instanceof StepFailure) return withHint({ cause: reason.reason, message: reason.message }, reason.hint);
  const code = systemCode(reason);
  if (code === 'ENOSPC' || code === 'store-full') return { cause: 'disk', message: (reason as Error).message };
  if (reason instanceof PipelineError)
    return withHint({ cause: storeCause(reason), message: placedMessage(reason) }, reason.hint);
  return { cause: 'tool', message: errorText(reason) };
}

function placedMessage({ where, message }: PipelineError): string {
  return where === undefined ? message : `${where}: ${message}`;
}

/** Stacks show these modules by their URL. */
const OWN_FOLDER = new URL('.', import.meta.url).href;

/** A description of anything that was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? stepStack(error) : String(error);
}

/** A stack down to the step's own code; its callers are kept only where there is nothing else. */
function stepStack(error: Error): string {
  const lines = (error.stack ?? error.message).split('\n');
  const theirs = lines.slice(
    0,
    lines.findIndex((line) => line.includes(OWN_FOLDER)),
  );
  if (!theirs.some((line) => line.includes('file://'))) return lines.join('\n');
  return theirs.filter((line) => !/^ {4}at .*node:internal\//.test(line)).join('\n');
}

/** An unreachable store is not the task's fault: another attempt may reach it. */
function storeCause(error: PipelineError): FailureCause {
  if (isStoreAway(error)) return 'lost';
  const isInput = ['object-not-found', 'checksum-mismatch', 'input-changed'].includes(error.code);
  return isInput ? 'input' : 'tool';
}

function withHint(failure: AttemptFailure, hint: string | undefined): AttemptFailure {
  return hint === undefined ? failure : { ...failure, hint };
}
