/** Exit codes between the runner, the job's script and this engine. */
export const RunnerExit = {
  succeeded: 0,
  /** Failed for a cause that may pass (EX_TEMPFAIL of sysexits.h): the script asks Slurm for another try. */
  tryAgain: 75,
  /** The script's own: a module could not be loaded, or the prologue says so. */
  notStarted: 125,
  /** The shell's own: the runner's program is no program. */
  notExecutable: 126,
  /** The shell's own: the runner's program is not there. */
  notFound: 127,
} as const;
