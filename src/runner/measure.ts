import { readProc, statFields, TICKS_PER_SECOND, toolsOf } from '../record/proc.ts';

/** The resources an attempt used. */
export interface Measurement {
  wallSeconds: number;
  cpuSeconds: number;
  peakMemoryMiB: number | undefined;
}

/** Shorter tools leave no peak; short enough to catch a burst, long enough to cost nothing. */
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
    peakKiB = Math.max(peakKiB, toolsKiB());
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
  const fields = statFields('self');
  return (Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) / TICKS_PER_SECOND;
}

/** Resident memory of all tools that this process has started. */
function toolsKiB(): number {
  return toolsOf(process.pid).reduce((sum, pid) => sum + residentKiB(pid), 0);
}

function residentKiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readProc(`${pid}/status`))?.[1] ?? 0);
}
