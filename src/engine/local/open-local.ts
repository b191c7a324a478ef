import { availableParallelism } from 'node:os';
import { KEEP_SCRATCH_VARIABLE, positive, size } from '../flags.ts';
import type { EngineContext, OpenedEngine } from '../provider.ts';
import { createLocalEngine } from './local-engine.ts';
import { machineMemoryMiB } from './machine.ts';
import type { LocalFlags } from './local-flags.ts';

/** @throws PipelineError `flag-invalid` */
export function openLocal(context: EngineContext<LocalFlags>): OpenedEngine {
  const { flags, runnerModule, scratchRoot, toolsHere } = context;
  const environment = { ...context.environment, ...(flags.keepScratch ? { [KEEP_SCRATCH_VARIABLE]: '1' } : {}) };
  const capacity = {
    cpus: positive(flags.cpus, '--cpus') ?? availableParallelism(),
    memoryMiB: size(flags.memory, '--memory') ?? machineMemoryMiB(),
  };
  const engine = createLocalEngine({ capacity, runnerModule, environment, scratchRoot });
  return { engine, local: engine, environments: toolsHere, findings: async () => [] };
}
