/** Memory that a JVM needs besides its heap (code, classes, threads, the collector's tables), plus the runner's. */
const OVERHEAD_MIB = 640;
const OVERHEAD_SHARE = 0.2;
/** Picard runs with less, but then spends its time collecting garbage. */
const LEAST_HEAP_MIB = 256;

/** Java heap, in MiB, for a task with this much memory: the rest stays free, since exceeding it gets the task killed. */
export function javaHeapMiB(memoryMiB: number): number {
  const overhead = Math.max(OVERHEAD_MIB, Math.ceil(memoryMiB * OVERHEAD_SHARE));
  return Math.max(LEAST_HEAP_MIB, memoryMiB - overhead);
}
