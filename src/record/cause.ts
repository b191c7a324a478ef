/**
 * Why an attempt failed.
 * - `tool`: a tool exited with an error, or the step's code threw.
 * - `check`: every tool said success, but what came out does not fit what went in.
 * - `input`: an input is missing, unreadable or not what it should be.
 * - `out-of-memory`, `timeout`, `disk`: a resource ran out.
 * - `spot`: the machine was reclaimed. `lost`: the runner or its machine went away without a word, or
 *   the store did.
 * - `start`: the task could not start (image pull, mount, queue). `cancelled`: somebody asked for it.
 */
export const FAILURE_CAUSES = [
  'tool',
  'check',
  'input',
  'out-of-memory',
  'timeout',
  'disk',
  'spot',
  'lost',
  'start',
  'cancelled',
] as const;
export type FailureCause = (typeof FAILURE_CAUSES)[number];

/** True for causes that a second try on the same resources may not meet again. The only place that decides it. */
export function isTransient(cause: FailureCause): boolean {
  return cause === 'spot' || cause === 'lost' || cause === 'start';
}
