import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DependencyType, EngineJob, JobDependency } from '../../../src/engine/engine.ts';
import { isOver, stateOf } from '../../../src/engine/local/element-table.ts';
import { machineFindings } from '../../../src/engine/local/machine.ts';
import { Schedule, type Started } from '../../../src/engine/local/schedule.ts';

const CAPACITY = { cpus: 4, memoryMiB: 1000 };

interface JobBlueprint {
  size: number;
  cpus: number;
  memoryMiB: number;
  rank: number;
  /** Positions of earlier jobs, and how to wait for each; N_TO_N is taken only where sizes are equal. */
  waits: { on: number; type: DependencyType }[];
}

interface Dag {
  jobs: { job: EngineJob; dependencies: JobDependency[] }[];
}

const jobBlueprint: fc.Arbitrary<JobBlueprint> = fc.record({
  size: fc.constantFrom(1, 1, 3, 3, 5),
  cpus: fc.integer({ min: 1, max: 4 }),
  memoryMiB: fc.constantFrom(10, 300, 1000),
  rank: fc.integer({ min: 1, max: 4 }),
  waits: fc.uniqueArray(fc.record({ on: fc.nat(7), type: fc.constantFrom('N_TO_N', 'SUCCESS', 'ANY') }), {
    maxLength: 3,
    selector: ({ on }) => on,
  }),
});

const dag: fc.Arbitrary<Dag> = fc.array(jobBlueprint, { minLength: 1, maxLength: 8 }).map((all) => ({
  jobs: all.map(({ size, cpus, memoryMiB, rank, waits }, i) => ({
    job: engineJob(`job${i}`, { size, rank, cpus, memoryMiB }),
    dependencies: waits
      .filter(({ on }) => on < i)
      .map(({ on, type }) => ({ jobId: `job${on}`, type: type === 'N_TO_N' && all[on]!.size !== size ? 'ANY' : type })),
  })),
}));

interface Fate {
  /** What becomes of each try, in the order in which they end. */
  outcomes: Iterator<'succeeded' | 'failed' | 'again', never>;
  /** Which of those that run ends next. */
  picks: Iterator<number, never>;
  /** How many jobs are submitted before anything starts. */
  early: number;
}

const fate: fc.Arbitrary<Fate> = fc.record({
  outcomes: fc.infiniteStream(fc.constantFrom('succeeded', 'succeeded', 'succeeded', 'failed', 'again')),
  picks: fc.infiniteStream(fc.nat(100)),
  early: fc.nat(8),
}) as fc.Arbitrary<Fate>;

function engineJob(name: string, more: { size: number; rank: number; cpus: number; memoryMiB: number }): EngineJob {
  const { size, rank, cpus, memoryMiB } = more;
  const resources = { cpus, memoryMiB, scratchMiB: 1, timeLimitSeconds: 60 };
  return { name, step: name, size, rank, resources, image: undefined, attempts: 3, environment: {} };
}

type OnStart = (schedule: Schedule, started: Started, running: readonly Started[]) => void;

/** Runs a DAG to its end: some jobs are there from the start, the others are submitted one by one meanwhile. */
function simulate({ jobs }: Dag, { outcomes, picks, early }: Fate, onStart: OnStart = () => undefined): Schedule {
  const schedule = new Schedule(CAPACITY);
  const unsubmitted = [...jobs];
  const running: Started[] = [];
  const submit = (count: number): void => {
    for (const { job, dependencies } of unsubmitted.splice(0, count)) schedule.add(job.name, job, dependencies);
  };
  submit(early);
  for (;;) {
    for (let started = schedule.next(); started; started = schedule.next()) {
      running.push(started);
      onStart(schedule, started, running);
    }
    if (running.length === 0 && unsubmitted.length === 0) return schedule;
    const [over] = running.splice(picks.next().value % Math.max(running.length, 1), 1);
    if (over) schedule.finish(over, outcomes.next().value);
    submit(1);
  }
}

/** Whether this element's dependencies allowed it to start, as the engine interface defines it. */
function mayStart(schedule: Schedule, { job, index }: Started): boolean {
  return job.dependencies.every(({ jobId, type }) => {
    const before = schedule.job(jobId)!;
    if (type === 'N_TO_N') return stateOf(before, index) === 'succeeded';
    return isOver(before) && (type === 'ANY' || before.counts.failed === 0);
  });
}

describe('for any jobs, ends and retries', () => {
  test('no more runs at a time than cpus and memory allow', () => {
    fc.assert(
      fc.property(dag, fate, (some, how) => {
        simulate(some, how, (_, __, running) => {
          const sum = (of: (job: EngineJob) => number) => running.reduce((total, { job }) => total + of(job.job), 0);
          expect(sum(({ resources }) => resources.cpus)).toBeLessThanOrEqual(CAPACITY.cpus);
          expect(sum(({ resources }) => resources.memoryMiB)).toBeLessThanOrEqual(CAPACITY.memoryMiB);
        });
      }),
    );
  });

  test('nothing starts before what it waits for', () => {
    fc.assert(
      fc.property(dag, fate, (some, how) => {
        simulate(some, how, (schedule, started) => expect(mayStart(schedule, started)).toBe(true));
      }),
    );
  });

  test('every element ends; one that never started had a dependency that failed, and no other', () => {
    fc.assert(
      fc.property(dag, fate, (some, how) => {
        const started = new Set<string>();
        const schedule = simulate(some, how, (_, { job, index }) => started.add(`${job.id}/${index}`));
        for (const job of schedule.jobs) {
          expect(isOver(job)).toBe(true);
          for (let index = 0; index < job.job.size; index += 1) {
            const hasStarted = started.has(`${job.id}/${index}`);
            expect(hasStarted).toBe(mayStart(schedule, { job, index }));
            if (!hasStarted) expect(stateOf(job, index)).toBe('failed');
          }
        }
      }),
    );
  });

  test('an element runs once at a time, and its attempts are counted', () => {
    fc.assert(
      fc.property(dag, fate, (some, how) => {
        const starts = new Map<string, number>();
        const schedule = simulate(some, how, (_, { job, index }, running) => {
          expect(running.filter((other) => other.job === job && other.index === index)).toHaveLength(1);
          starts.set(`${job.id}/${index}`, (starts.get(`${job.id}/${index}`) ?? 0) + 1);
        });
        for (const job of schedule.jobs)
          for (const [index, tries] of job.tries.entries()) expect(tries).toBe(starts.get(`${job.id}/${index}`) ?? 0);
      }),
    );
  });

  test('the counts are those of the elements', () => {
    fc.assert(
      fc.property(dag, fate, (some, how) => {
        simulate(some, how, (schedule) => {
          const counts = [...schedule.jobs].map((job) => {
            const states = Array.from({ length: job.job.size }, (_, index) => stateOf(job, index));
            const count = (wanted: string) => states.filter((state) => state === wanted).length;
            return Object.fromEntries(Object.keys(job.counts).map((state) => [state, count(state)]));
          });
          expect([...schedule.jobs].map((job) => job.counts)).toEqual(counts);
        });
      }),
    );
  });

  test('what is cancelled while it waits never starts, and what depends on it neither', () => {
    fc.assert(
      fc.property(dag, fate, fc.nat(20), (some, how, after) => {
        let starts = 0;
        const cancelled = new Set<string>();
        const schedule = simulate(some, { ...how, early: 9 }, (now, { job, index }) => {
          expect(cancelled.has(`${job.id}/${index}`)).toBe(false);
          starts += 1;
          if (starts !== after + 1) return;
          for (const one of now.jobs) {
            for (let i = 0; i < one.job.size; i += 1)
              if (stateOf(one, i) !== 'running' && stateOf(one, i) !== 'succeeded') cancelled.add(`${one.id}/${i}`);
            now.cancelWaiting(one);
          }
        });
        for (const job of schedule.jobs) expect(isOver(job)).toBe(true);
      }),
    );
  });
});

test('later steps come first, in the order in which their samples became ready', () => {
  const schedule = new Schedule({ cpus: 1, memoryMiB: 1000 });
  const small = { size: 3, cpus: 1, memoryMiB: 1 };
  schedule.add('a', engineJob('a', { ...small, rank: 2 }), []);
  schedule.add('b', engineJob('b', { ...small, rank: 1 }), [{ jobId: 'a', type: 'N_TO_N' }]);
  const order: string[] = [];
  for (let started = schedule.next(); started; started = schedule.next()) {
    order.push(`${started.job.id}${started.index}`);
    expect(schedule.next()).toBeUndefined();
    schedule.finish(started, 'succeeded');
  }
  expect(order).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2']);
});

test('no task overtakes the first in line, or a large task would starve', () => {
  const schedule = new Schedule({ cpus: 4, memoryMiB: 1000 });
  schedule.add('small', engineJob('small', { size: 4, rank: 2, cpus: 2, memoryMiB: 1 }), []);
  const first = schedule.next()!;
  schedule.add('large', engineJob('large', { size: 1, rank: 1, cpus: 4, memoryMiB: 1 }), []);
  expect(schedule.next()).toBeUndefined();
  schedule.finish(first, 'succeeded');
  expect(schedule.next()?.job.id).toBe('large');
});

test('a job cannot wait for one that was never submitted', () => {
  const job = engineJob('a', { size: 1, rank: 1, cpus: 1, memoryMiB: 1 });
  expect(() => new Schedule(CAPACITY).add('a', job, [{ jobId: 'b', type: 'SUCCESS' }])).toThrow('never submitted');
});

test('a step that needs more than the machine has is reported before anything starts', () => {
  const resources = { cpus: 8, memoryMiB: 2000, scratchMiB: 1, timeLimitSeconds: 1 };
  const fits = { ...resources, cpus: 4, memoryMiB: 1000 };
  expect(machineFindings([{ step: 'fits', resources: fits }], CAPACITY)).toEqual([]);
  expect(machineFindings([{ step: 'big', resources }], CAPACITY).map(({ message, hint }) => [message, hint])).toEqual([
    ['Step big asks for 8 cpus, this machine has 4', 'Give the step less: --set big.cpus=4'],
    ['Step big asks for 2000 MB of memory, this machine has 1000 MB', 'Give the step less: --set big.memory=1000MB'],
  ]);
});
