import { ExitCode } from '../errors.ts';
import { notice } from './print.ts';

/**
 * Work that Ctrl-C interrupts and that the same command continues; temporary files are removed first.
 * @param told message to print then
 */
export async function interruptible(
  work: (signal: AbortSignal) => Promise<ExitCode>,
  told = 'Interrupted: the same command continues from here.',
): Promise<ExitCode> {
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  process.on('SIGINT', leave).on('SIGTERM', leave);
  try {
    return await work(leaving.signal);
  } catch (error) {
    if (!leaving.signal.aborted) throw error;
    notice(told);
    return ExitCode.interrupted;
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave);
  }
}
