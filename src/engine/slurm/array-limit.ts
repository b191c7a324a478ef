import type { ClusterConfig } from './cluster-config.ts';

export interface ArrayLimit {
  maxArraySize: number;
  maxArrayReason?: string;
}

/**
 * The largest array that is safe here. Slurm looks at no more than `correspond_after_task_cnt` pending elements of an
 * array whose elements wait for those of another. The rest stall behind them, and where the task that they wait for is
 * forgotten meanwhile, Slurm asks instead whether the *whole* other array succeeded: one failed sample then cancels
 * healthy ones. Arrays of no more than that size never get there.
 */
export function arrayLimit(config: ClusterConfig): ArrayLimit {
  const largest = Math.max(1, config.maxArraySize);
  const watched = Math.max(1, config.correspondAfterTaskCount);
  if (watched >= largest) return { maxArraySize: largest };
  return {
    maxArraySize: watched,
    maxArrayReason:
      `Slurm here watches only ${watched} waiting tasks of an array at a time (correspond_after_task_cnt); ` +
      'in larger arrays samples would stall, and one that failed could cancel healthy ones',
  };
}
