import { ExitCode } from '../errors.ts';
import { notice } from './print.ts';

/** Work that Ctrl-C ends, and that the same command goes on with: what it was lent is removed before. */
export async function interruptible(work: (signal: AbortSignal) => Promise<ExitCode>): Promise<ExitCode> {
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  process.on('SIGINT', leave).on('SIGTERM', leave);
  try {
    return await work(leaving.signal);
  } catch (error) {
    if (!leaving.signal.aborted) throw error;
    notice('Interrupted: the same command goes on from here.');
    return ExitCode.interrupted;
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave);
  }
}
