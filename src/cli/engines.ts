import { PipelineError } from '../errors.ts';
import { createLocalEngine, type LocalEngine } from '../engine/local/local-engine.ts';
import { availableParallelism } from 'node:os';
import { machineMemoryMiB } from '../engine/local/machine.ts';
import { parseSize } from '../pipeline/resources.ts';
import type { Store } from '../store/store.ts';
import { programFile, scratchRoot } from './session.ts';

export interface EngineFlags {
  engine: string;
  cpus?: string | undefined;
  memory?: string | undefined;
  queue?: string | undefined;
}

/**
 * Opens the engine that the flags name.
 * @throws PipelineError for an unknown engine, or a flag that this engine would have to ignore.
 */
export function openEngine(flags: EngineFlags, store: Store): LocalEngine {
  if (flags.engine !== 'local') {
    throw new PipelineError({
      code: 'engine-unknown',
      message: `There is no engine "${flags.engine}"`,
      hint: 'Engines: local.',
    });
  }
  if (flags.queue !== undefined) {
    throw new PipelineError({
      code: 'flag-invalid',
      message: 'The local engine has no queue',
      where: '--queue',
      hint: 'Leave --queue away.',
    });
  }
  return createLocalEngine({
    capacity: {
      cpus: wholeCpus(flags.cpus) ?? availableParallelism(),
      memoryMiB: size(flags.memory) ?? machineMemoryMiB(),
    },
    runnerModule: programFile('./runner.js', '../runner/main.ts'),
    environment: process.env,
    scratchRoot: scratchRoot(store),
  });
}

function wholeCpus(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new PipelineError({ code: 'flag-invalid', message: `"${text}" is no number of cpus`, where: '--cpus' });
}

function size(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const mebibytes = parseSize(text);
  if (mebibytes) return mebibytes;
  throw new PipelineError({
    code: 'flag-invalid',
    message: `"${text}" is no size`,
    where: '--memory',
    hint: 'Write 8GB or 512MB.',
  });
}
