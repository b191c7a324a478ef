import { type DependencyType, hasEnded } from '../engine.ts';
import { elementState } from './task-state.ts';
import type { TaskRow } from './task-row.ts';

/** What the cluster knows of a job that another one is to wait for. */
export interface ParentTasks {
  /** From squeue: what the controller still has in memory. */
  remembered: readonly TaskRow[];
  /** From sacct, for tasks that are not among the remembered ones. */
  recorded: readonly TaskRow[];
  /** Tasks that the job was submitted with, where anybody knows. */
  size: number | undefined;
}

/**
 * - `wait`: Slurm can be told to wait for it.
 * - `met`: there is nothing to wait for.
 * - `forgotten`: Slurm would take the dependency for met though nobody knows whether it is.
 */
export type ParentDecision = 'wait' | 'met' | 'forgotten';

/**
 * Slurm takes a dependency on a job that it has forgotten for met, silently. So a job that succeeded in full is not
 * named at all; one of which every task is remembered is waited for, which also lets Slurm cancel the successors of
 * the tasks that failed; and one that is forgotten in part, without having succeeded, is not to be relied on.
 */
export function parentDecision(type: DependencyType, parent: ParentTasks): ParentDecision {
  const { remembered, recorded, size } = parent;
  const all = [...remembered, ...recorded];
  const states = all.map((row) => elementState(row.state, row.reason));
  const live = states.some((state) => !hasEnded(state));
  // A live job is never forgotten, so a job of which no task is live is over.
  if (type === 'ANY') return live ? 'wait' : 'met';
  const complete = all.length > 0 && all.length >= (size ?? all.length);
  if (complete && states.every((state) => state === 'succeeded')) return 'met';
  const inMemory = remembered.length > 0 && remembered.length >= (size ?? Number.POSITIVE_INFINITY);
  return inMemory ? 'wait' : 'forgotten';
}
