import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineJob } from '../../src/engine/engine.ts';
import type { FixturePlan } from '../fixtures/slurm-runner.ts';
import { startSlurmCluster, type SlurmCluster } from '../stack/slurm/slurm-cluster.ts';
import { type Lab, openLab, until } from './slurm-harness.ts';

/**
 * A cluster with the scheduler settings of most sites, on which whole arrays go wrong: Slurm watches only 10 pending
 * elements of an array (correspond_after_task_cnt), and forgets tasks (MinJobAge; here soon, at a site after minutes).
 */
let cluster: SlurmCluster;

beforeAll(async () => {
  cluster = await startSlurmCluster({ profile: 'stock', cpus: 64, memory: 16_000, settings: ['MinJobAge=2'] });
}, 600_000);
afterAll(() => cluster.stop());

/** The first 10 samples are slow, one of the others fails, and 32 of 33 can go through both steps. */
const SAMPLES = 33;
const SLOW = 10;
const FAILED = 20;
const HEALTHY = SAMPLES - 1;

test('the limit that the engine reports is the number of tasks that Slurm examines', async () => {
  const { engine } = openLab(cluster);
  expect(await engine.limits()).toEqual({
    maxArraySize: 10,
    maxArrayReason:
      'Slurm here examines only 10 waiting tasks of an array at a time (correspond_after_task_cnt); in larger arrays ' +
      'samples would stall, and one that failed could cancel healthy ones',
    afterAny: true,
    detached: true,
    pollIntervalMs: 15_000,
  });
});

describe('33 samples, one of which fails', () => {
  test('go through in arrays of that size: no healthy sample stalls or is cancelled', async () => {
    const lab = openLab(cluster);
    const { maxArraySize } = await lab.engine.limits();
    const jobs = await submitChains(lab, maxArraySize);
    // All that can be done is done while the first ten still run...
    await until(
      () => ended(lab, 'B'),
      (tasks) => tasks.length === HEALTHY - SLOW,
    );
    // ...and long forgotten when they end.
    await forgotten(lab);
    lab.release('go');
    await lab.over(...jobs);
    expect(ended(lab, 'B')).toHaveLength(HEALTHY);
  });

  test('stall and are cancelled in whole arrays, which is why there are none', async () => {
    const lab = openLab(cluster);
    const jobs = await submitChains(lab, SAMPLES);
    await forgotten(lab);
    expect(ended(lab, 'B')).toEqual([]);
    lab.release('go');
    await lab.over(...jobs);
    expect(ended(lab, 'B').length).toBeLessThan(HEALTHY);
  });

  test('go through, too, where only so many tasks may run at a time', async () => {
    const lab = openLab(cluster, { maxRunning: 20 });
    const jobs = await submitChains(lab, 10);
    // Two arrays may run side by side: the first is held up, and so the third waits for it; the fourth had the lane
    // of the second.
    await until(
      () => ended(lab, 'B'),
      (tasks) => tasks.length === SAMPLES - 2 * 10,
    );
    expect(lab.events('start').filter((event) => event.startsWith('A20-'))).toEqual([]);
    lab.release('go');
    await lab.over(...jobs);
    expect(ended(lab, 'B')).toHaveLength(HEALTHY);
  });
});

/** Two steps for all samples in arrays of a size. */
async function submitChains(lab: Lab, size: number): Promise<string[]> {
  const jobs: string[] = [];
  for (let first = 0; first < SAMPLES; first += size) {
    const length = Math.min(size, SAMPLES - first);
    const a = await lab.engine.submit(chunk(lab, 'A', first, length, plan(first)), []);
    jobs.push(a, await lab.engine.submit(chunk(lab, 'B', first, length, {}), [{ jobId: a, type: 'N_TO_N' }]));
  }
  return jobs;
}

/** The array of a step that begins with this sample; what its tasks leave is named `A20-0-1.end`. */
function chunk(lab: Lab, step: string, first: number, length: number, actions: FixturePlan): EngineJob {
  const job = lab.job(step, length, actions);
  const environment = { ...job.environment, FIXTURE_STEP: `${step}${first}` };
  return { ...job, name: `${job.name}-${first}`, environment };
}

function plan(first: number): FixturePlan {
  const slow = Array.from({ length: SLOW }, (_, sample) => [sample - first, { waitFor: 'go' }]);
  return { ...Object.fromEntries(slow), [FAILED - first]: { exit: [1] } };
}

function ended(lab: Lab, step: string): string[] {
  return lab.events('end').filter((event) => event.startsWith(step));
}

/** Resolves once all but the slow samples have been through the first step and the controller no longer knows it. */
async function forgotten(lab: Lab): Promise<void> {
  await until(
    () => ended(lab, 'A'),
    (tasks) => tasks.length === SAMPLES - SLOW,
  );
  await until(
    () => cluster.command('squeue', '--noheader', '--array', '--states=completed,failed', '--format=%F_%K'),
    // The last task of an array stays known as long as any other one is live.
    (text) => text.split('\n').length <= 2,
  );
}
