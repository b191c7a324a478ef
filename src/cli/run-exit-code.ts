import { ExitCode } from '../errors.ts';
import type { RunSummary } from '../run/events.ts';

/** How a run that is over went: work that is left weighs more than samples that failed. */
export function runExitCode({ failed, unfinished, cohort }: RunSummary): ExitCode {
  if (unfinished > 0 || cohort === 'unfinished') return ExitCode.unfinished;
  return failed > 0 || cohort === 'failed' ? ExitCode.samplesFailed : ExitCode.ok;
}
