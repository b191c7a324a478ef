import { constants } from 'node:os';
import { lineOf, PipelineError } from '../errors.ts';
import { exitCodeOf, FetchAndRunExit } from './exit.ts';
import { fetchAndRun } from './fetch-and-run.ts';
import { parseRequest, USAGE } from './request.ts';
import { ForwardedSignals } from './signals.ts';

const PROGRAM = 'fetch-and-run';

/** Fetch & Run's only reader of `process.env` and only caller of `process.exit`. */
async function main(): Promise<number> {
  const signals = new ForwardedSignals();
  try {
    return await fetchAndRun(parseRequest(process.env, process.argv.slice(2)), signals);
  } catch (error) {
    if (signals.received) return FetchAndRunExit.signal + constants.signals[signals.received];
    process.stderr.write(`${PROGRAM}: ${describe(error)}\n`);
    return exitCodeOf(error);
  }
}

function describe(error: unknown): string {
  const isUsage = error instanceof PipelineError && error.code === 'fetch-and-run-usage';
  return isUsage ? `${lineOf(error)}\n${USAGE}` : lineOf(error);
}

process.exit(await main());
