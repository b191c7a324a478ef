import { type EngineJob, hasEnded, type JobDependency } from '../engine.ts';
import { createLocalJob, hasReady, isOver, type LocalJob, setState, stateOf, takeReady } from './element-table.ts';

/** Resources of the machine. */
export interface Capacity {
  cpus: number;
  memoryMiB: number;
}

/** One element with reserved cpus and memory. */
export interface Started {
  job: LocalJob;
  index: number;
}

/**
 * Decides what runs when: dependencies element by element, cpus and memory as declared, later steps first so that whole
 * samples finish early. It starts nothing itself. If the first in line does not fit yet, no other overtakes it.
 */
export class Schedule {
  readonly #jobs = new Map<string, LocalJob>();
  readonly #dependents = new Map<string, LocalJob[]>();
  readonly #free: Capacity;
  #order: LocalJob[] = [];

  constructor(capacity: Capacity) {
    this.#free = { ...capacity };
  }

  get jobs(): Iterable<LocalJob> {
    return this.#jobs.values();
  }

  job(id: string): LocalJob | undefined {
    return this.#jobs.get(id);
  }

  add(id: string, job: EngineJob, dependencies: readonly JobDependency[]): void {
    const added = createLocalJob(id, job, dependencies);
    this.#jobs.set(id, added);
    this.#order = [...this.#jobs.values()].sort((a, b) => a.job.rank - b.job.rank);
    added.waiting.fill(dependencies.length);
    for (const { jobId } of dependencies) {
      const others = this.#dependents.get(jobId);
      if (others) others.push(added);
      else this.#dependents.set(jobId, [added]);
    }
    for (const { jobId, type } of dependencies) this.#applyPast(added, jobId, type);
    if (dependencies.length === 0) for (let i = 0; i < job.size; i += 1) setState(added, i, 'runnable');
  }

  /** Takes the next element that may start and fits, and reserves what it needs. */
  next(): Started | undefined {
    const job = this.#order.find((candidate) => hasReady(candidate));
    if (!job || !this.#fits(job)) return undefined;
    for (let index = takeReady(job); index !== undefined; index = takeReady(job)) {
      if (stateOf(job, index) !== 'runnable') continue;
      setState(job, index, 'running');
      job.tries[index] = (job.tries[index] as number) + 1;
      this.#free.cpus -= job.job.resources.cpus;
      this.#free.memoryMiB -= job.job.resources.memoryMiB;
      return { job, index };
    }
    return undefined;
  }

  /** A running element has ended, or is queued for another attempt. */
  finish({ job, index }: Started, result: 'succeeded' | 'failed' | 'again'): void {
    this.#free.cpus += job.job.resources.cpus;
    this.#free.memoryMiB += job.job.resources.memoryMiB;
    if (result === 'again') setState(job, index, 'runnable');
    else this.#settle(job, index, result);
  }

  /** Ends every element of a job that has not started. */
  cancelWaiting(job: LocalJob): void {
    for (let index = 0; index < job.job.size; index += 1) {
      if (['pending', 'runnable'].includes(stateOf(job, index))) this.#settle(job, index, 'failed');
    }
  }

  #fits(job: LocalJob): boolean {
    const { cpus, memoryMiB } = job.job.resources;
    return cpus <= this.#free.cpus && memoryMiB <= this.#free.memoryMiB;
  }

  #settle(job: LocalJob, index: number, state: 'succeeded' | 'failed'): void {
    setState(job, index, state);
    for (const dependent of this.#dependents.get(job.id) ?? []) {
      for (const { jobId, type } of dependent.dependencies) {
        if (jobId !== job.id) continue;
        if (type === 'N_TO_N') this.#release(dependent, index, state === 'succeeded');
        else if (isOver(job)) this.#releaseAll(dependent, type === 'ANY' || job.counts.failed === 0);
      }
    }
  }

  /** A dependency on a job whose elements have changed state before this one was added. */
  #applyPast(added: LocalJob, jobId: string, type: JobDependency['type']): void {
    const before = this.#jobs.get(jobId);
    if (!before) throw new Error(`Job ${added.job.name} depends on ${jobId}, which was never submitted`);
    if (type !== 'N_TO_N') {
      if (isOver(before)) this.#releaseAll(added, type === 'ANY' || before.counts.failed === 0);
      return;
    }
    for (let index = 0; index < before.job.size; index += 1) {
      const state = stateOf(before, index);
      if (hasEnded(state)) this.#release(added, index, state === 'succeeded');
    }
  }

  #releaseAll(job: LocalJob, isSatisfied: boolean): void {
    for (let index = 0; index < job.job.size; index += 1) this.#release(job, index, isSatisfied);
  }

  /** One dependency of one element is settled; after the last success it may start, after a failure it never will. */
  #release(job: LocalJob, index: number, isSatisfied: boolean): void {
    if (stateOf(job, index) !== 'pending') return;
    if (!isSatisfied) {
      this.#settle(job, index, 'failed');
      return;
    }
    job.waiting[index] = (job.waiting[index] as number) - 1;
    if (job.waiting[index] === 0) setState(job, index, 'runnable');
  }
}
