import type { ElementState } from '../engine.ts';

/**
 * Slurm's job states (squeue(1), JOB STATE CODES; sacct(1) uses the same words) as the engine's.
 * A task that is COMPLETING still holds its node; REQUEUED and its like wait for another try.
 */
const STATES: Readonly<Record<string, ElementState>> = {
  PENDING: 'runnable',
  REQUEUED: 'runnable',
  REQUEUE_FED: 'runnable',
  REQUEUE_HOLD: 'runnable',
  RESV_DEL_HOLD: 'runnable',
  SPECIAL_EXIT: 'runnable',
  CONFIGURING: 'starting',
  RUNNING: 'running',
  COMPLETING: 'running',
  RESIZING: 'running',
  SIGNALING: 'running',
  STAGE_OUT: 'running',
  STOPPED: 'running',
  SUSPENDED: 'running',
  COMPLETED: 'succeeded',
  BOOT_FAIL: 'failed',
  CANCELLED: 'failed',
  DEADLINE: 'failed',
  FAILED: 'failed',
  NODE_FAIL: 'failed',
  OUT_OF_MEMORY: 'failed',
  PREEMPTED: 'failed',
  REVOKED: 'failed',
  TIMEOUT: 'failed',
};

/** A word that no table knows is taken as live, so that nothing is ever called over by mistake. */
export function elementState(state: string, reason: string): ElementState {
  const known = STATES[state] ?? 'running';
  return known === 'runnable' && reason.startsWith('Dependency') ? 'pending' : known;
}
