import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine, EngineJob, JobStatus } from '../../src/engine/engine.ts';
import type { SlurmOptions } from '../../src/engine/slurm/options.ts';
import { createSlurmEngine } from '../../src/engine/slurm/slurm-engine.ts';
import type { FixturePlan } from '../fixtures/slurm-runner.ts';
import type { SlurmCluster } from '../stack/slurm/slurm-cluster.ts';

const RUNNER = join(import.meta.dirname, '../fixtures/slurm-runner.ts');
const LOOK_MS = 100;

/** Engine and folder of one test. */
export interface Lab {
  engine: Engine;
  /** Where the fixture runner leaves its files; `logs` in it is the log folder. */
  folder: string;
  /** Another engine on the same cluster, as a process that knows nothing of the first would have. */
  another(more?: Partial<SlurmOptions>): Engine;
  job(step: string, size: number, plan?: FixturePlan, more?: Partial<EngineJob>): EngineJob;
  /** Lets tasks go on that wait for this file. */
  release(file: string): void;
  /** Names of the files that tasks left, sorted: `A-0-1.end`. */
  events(kind: string): string[];
  /** Time in nanoseconds that a task noted: `A-0-1.end`. */
  time(event: string): bigint;
  happened(event: string): boolean;
  /** Variables that a task saw. */
  environmentOf(task: string): Record<string, string>;
  /** Polls until no task of these jobs is live. */
  over(...jobIds: string[]): Promise<JobStatus[]>;
}

let labs = 0;

export function openLab(cluster: SlurmCluster, more: Partial<SlurmOptions> = {}): Lab {
  const folder = mkdtempSync(join(cluster.home, 'lab-'));
  const lab = `lab${(labs += 1)}`;
  const another = (changed: Partial<SlurmOptions> = {}) =>
    createSlurmEngine({
      runnerCommand: [process.execPath, RUNNER],
      logFolder: join(folder, 'logs'),
      environment: cluster.environment,
      ...more,
      ...changed,
    });
  const engine = another();
  mkdirSync(join(folder, 'logs'));
  return {
    engine,
    folder,
    another,
    job: (step, size, plan = {}, changed = {}) => ({ ...job(`${lab}-${step}`, step, size, folder, plan), ...changed }),
    release: (file) => writeFileSync(join(folder, file), ''),
    events: (kind) => events(folder, kind),
    time: (event) => BigInt(readFileSync(join(folder, event), 'utf8')),
    happened: (event) => existsSync(join(folder, event)),
    environmentOf: (task) => JSON.parse(readFileSync(join(folder, `${task}.environment`), 'utf8')),
    over: (...jobIds) => until(() => engine.poll(jobIds), isOver),
  };
}

/** Asks again and again until the answer is good; the test's time limit is the end of patience. */
export async function until<T>(ask: () => Promise<T> | T, good: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (good(answer)) return answer;
    await sleep(LOOK_MS);
  }
}

function isOver(statuses: readonly JobStatus[]): boolean {
  return statuses.every(({ state }) => state === 'succeeded' || state === 'failed' || state === 'unknown');
}

function job(name: string, step: string, size: number, folder: string, plan: FixturePlan): EngineJob {
  return {
    name,
    step,
    size,
    resources: { cpus: 1, memoryMiB: 100, scratchMiB: 1, timeLimitSeconds: 300 },
    image: undefined,
    attempts: 1,
    rank: 0,
    environment: { FIXTURE_FOLDER: folder, FIXTURE_STEP: step, FIXTURE_PLAN: JSON.stringify(plan) },
  };
}

function events(folder: string, kind: string): string[] {
  const byIndex = (name: string) => Number(name.split('-')[1]);
  return readdirSync(folder)
    .filter((name) => name.endsWith(`.${kind}`))
    .toSorted((a, b) => a.localeCompare(b) || byIndex(a) - byIndex(b));
}

/** A folder of programs that note each call and then do the real thing; put before PATH it counts the calls. */
export function countCalls(cluster: SlurmCluster): { path: string; calls(): string[] } {
  const folder = mkdtempSync(join(cluster.home, 'bin-'));
  const notes = join(folder, 'calls');
  for (const program of ['sbatch', 'squeue', 'sacct', 'scancel', 'scontrol', 'sinfo']) {
    const real = execFileSync('/bin/sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
    writeFileSync(join(folder, program), `#!/bin/sh\necho ${program} >>${notes}\nexec ${real} "$@"\n`, { mode: 0o755 });
  }
  const calls = () => (existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n') : []);
  return { path: `${folder}:${cluster.environment['PATH']}`, calls };
}
