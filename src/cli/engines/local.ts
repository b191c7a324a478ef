import { availableParallelism } from 'node:os';
import { PipelineError } from '../../errors.ts';
import { createLocalEngine, type LocalEngine } from '../../engine/local/local-engine.ts';
import { machineMemoryMiB } from '../../engine/local/machine.ts';
import { parseSize } from '../../pipeline/resources.ts';
import type { Store } from '../../store/store.ts';
import type { EngineFlags } from '../engines.ts';
import { scratchRoot } from '../session.ts';
import { runnerModule } from '../program-files.ts';

export function openLocalEngine(flags: EngineFlags, store: Store): LocalEngine {
  return createLocalEngine({
    capacity: {
      cpus: positive(flags.cpus, '--cpus') ?? availableParallelism(),
      memoryMiB: size(flags.memory) ?? machineMemoryMiB(),
    },
    runnerModule: runnerModule(),
    environment: process.env,
    scratchRoot: scratchRoot(store),
  });
}

/** A whole number above 0. @throws PipelineError naming the flag */
export function positive(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new PipelineError({ code: 'flag-invalid', message: `"${text}" is no whole number above 0`, where: flag });
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
