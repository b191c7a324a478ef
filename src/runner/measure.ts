import { readdirSync, readFileSync } from 'node:fs';

/** What an attempt took. */
export interface Measurement {
  wallSeconds: number;
  cpuSeconds: number;
  peakMemoryMiB: number | undefined;
}

/** Kernel clock ticks per second: USER_HZ, 100 on every Linux that Node supports. */
const TICKS_PER_SECOND = 100;
/** A tool shorter than this leaves no peak; short enough to catch a burst, long enough to cost nothing. */
const FIRST_SAMPLE_MS = 40;
const SAMPLE_MS = 250;

/**
 * Starts measuring this process and its children. CPU time is exact to a tick (the kernel adds up ended children);
 * memory is sampled: the largest sum of resident memory seen over the tools' process tree, from /proc.
 */
export function startMeasuring(): () => Measurement {
  const startedAt = performance.now();
  const cpuBefore = ownCpuSeconds() + endedChildrenCpuSeconds();
  let peakKiB = 0;
  const sample = (): void => {
    peakKiB = Math.max(peakKiB, residentKiB(process.pid, false));
  };
  let timer = setTimeout(() => {
    sample();
    timer = setInterval(sample, SAMPLE_MS).unref();
  }, FIRST_SAMPLE_MS).unref();
  return () => {
    clearInterval(timer);
    return {
      wallSeconds: round((performance.now() - startedAt) / 1000),
      cpuSeconds: round(ownCpuSeconds() + endedChildrenCpuSeconds() - cpuBefore),
      peakMemoryMiB: peakKiB > 0 ? Math.ceil(peakKiB / 1024) : undefined,
    };
  };
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** `cutime` and `cstime` of proc(5): fields 16 and 17, counted after the command's name in parentheses. */
function endedChildrenCpuSeconds(): number {
  const text = readProc('/proc/self/stat');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) / TICKS_PER_SECOND;
}

/** Resident memory of a process tree; without the root for the runner itself, whose main thread alone starts tools. */
function residentKiB(pid: number, withSelf = true): number {
  const own = withSelf ? Number(/^VmRSS:\s+(\d+)/m.exec(readProc(`/proc/${pid}/status`))?.[1] ?? 0) : 0;
  const threads = withSelf ? threadsOf(pid) : [String(pid)];
  const children = threads.flatMap((thread) =>
    readProc(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean),
  );
  return children.reduce((sum, child) => sum + residentKiB(Number(child)), own);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
