import { KEEP_SCRATCH_FLAG } from '../flags.ts';
import type { EngineFlags } from '../provider.ts';

export const LOCAL_FLAGS = {
  cpus: { value: 'n', description: 'cpus that tasks may use together', default: 'all', onRetry: true },
  memory: { value: 'size', description: 'memory that tasks may use together', default: 'all', onRetry: true },
  keepScratch: KEEP_SCRATCH_FLAG,
} as const satisfies EngineFlags;

export type LocalFlags = typeof LOCAL_FLAGS;
