import { IMAGE_FLAG, KEEP_SCRATCH_FLAG } from '../flags.ts';
import type { EngineFlags } from '../provider.ts';

export const SLURM_FLAGS = {
  queue: { value: 'name', description: 'partition' },
  account: { value: 'name', description: 'account' },
  qos: { value: 'name', description: 'quality of service' },
  constraint: { value: 'features', description: 'node features' },
  sbatchArg: { value: 'arg', description: 'one more option of sbatch, as --name=value', repeatable: true },
  maxRunning: { value: 'n', description: 'tasks of a step that run at the same time' },
  container: { value: 'runtime', description: 'run the steps in images with apptainer, singularity or podman' },
  image: IMAGE_FLAG,
  bind: { value: 'folder', description: 'folder to show to containers, such as inputs', repeatable: true },
  module: { value: 'name', description: 'environment module to load', repeatable: true },
  prologue: { value: 'file', description: 'shell lines to run before each task' },
  keepScratch: KEEP_SCRATCH_FLAG,
} as const satisfies EngineFlags;

export type SlurmFlags = typeof SLURM_FLAGS;
