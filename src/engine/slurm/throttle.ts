export interface Throttle {
  /** Arrays of one step that may run side by side. */
  lanes: number;
  /** Tasks of one array that may run side by side: sbatch's `%N`. */
  perArray: number;
}

/**
 * Splits "at most `maxRunning` tasks of a step" over arrays of at most `arraySize`: Slurm's `%N` holds for one array
 * only, so where arrays are small, each array of a step waits until the one `lanes` before it is over.
 * @example throttle(25, 10) // { lanes: 3, perArray: 8 }: 24 tasks at most
 */
export function throttle(maxRunning: number, arraySize: number): Throttle {
  const most = Math.max(1, Math.floor(maxRunning));
  const lanes = Math.ceil(most / Math.max(1, arraySize));
  return { lanes, perArray: Math.floor(most / lanes) };
}
