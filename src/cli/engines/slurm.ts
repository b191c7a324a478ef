import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf, PipelineError } from '../../errors.ts';
import type { Engine } from '../../engine/engine.ts';
import type { ContainerOptions } from '../../engine/slurm/options.ts';
import { createSlurmEngine } from '../../engine/slurm/slurm-engine.ts';
import type { Store } from '../../store/store.ts';
import type { EngineFlags } from '../engines.ts';
import { runnerModule } from '../program-files.ts';
import { nameValuePairs } from '../name-value-pairs.ts';
import { positive } from './local.ts';

const RUNTIMES: readonly ContainerOptions['runtime'][] = ['apptainer', 'singularity', 'podman'];

/** Node and the runner must lie on a folder that the compute nodes share, as must a store that is a folder. */
export function openSlurmEngine(flags: EngineFlags, store: Store): Engine {
  const maxRunning = positive(flags.maxRunning, '--max-running');
  return createSlurmEngine({
    runnerCommand: [process.execPath, runnerModule()],
    logFolder: store.localPath('.slurm') ?? resolve('.batch-pipeline-slurm'),
    environment: process.env,
    ...given('partition', flags.queue),
    ...given('account', flags.account),
    ...given('qos', flags.qos),
    ...given('constraint', flags.constraint),
    ...given('extraArgs', flags.sbatchArg),
    ...given('modules', flags.module),
    ...given('maxRunning', maxRunning),
    ...given('prologue', flags.prologue === undefined ? undefined : readPrologue(flags.prologue)),
    ...given('container', container(flags, store)),
    ...given('pollIntervalMs', pollInterval()),
  });
}

/** `BATCH_PIPELINE_POLL_SECONDS`: for clusters whose administrators ask for more, and tests that want less. */
function pollInterval(): number | undefined {
  const seconds = process.env['BATCH_PIPELINE_POLL_SECONDS'];
  return seconds === undefined || !(Number(seconds) > 0) ? undefined : Number(seconds) * 1000;
}

function given<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]?: V });
}

function container(flags: EngineFlags, store: Store): ContainerOptions | undefined {
  if (flags.container === undefined) return undefined;
  const runtime = RUNTIMES.find((name) => name === flags.container);
  if (!runtime) {
    throw new PipelineError({
      code: 'flag-invalid',
      message: `"${flags.container}" runs no images`,
      where: '--container',
      hint: `One of ${RUNTIMES.join(', ')}.`,
    });
  }
  const objects = store.localPath('v1');
  return {
    runtime,
    images: nameValuePairs(flags.image, '--image'),
    binds: objects === undefined ? [] : [dirname(objects)],
  };
}

function readPrologue(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n');
  } catch (error) {
    throw new PipelineError({ code: 'flag-invalid', message: messageOf(error), where: `--prologue ${file}` });
  }
}
