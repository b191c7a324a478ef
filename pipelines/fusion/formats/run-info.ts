import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import { BadFile } from './bad-file.ts';

/** kallisto's `run_info.json` (`plaintext_aux` in src/PlaintextWriter.cpp). Counts are read pairs. */
const runInfo = z.looseObject({
  n_targets: z.number().int(),
  n_bootstraps: z.number().int(),
  n_processed: z.number().int(),
  n_pseudoaligned: z.number().int(),
  n_unique: z.number().int(),
  p_pseudoaligned: z.number(),
  p_unique: z.number(),
  kallisto_version: z.string(),
  index_version: z.number().int(),
  call: z.string(),
});
export type RunInfo = z.infer<typeof runInfo>;

/** @throws BadFile if kallisto did not finish writing it. */
export function readRunInfo(path: string): RunInfo {
  try {
    return runInfo.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    throw new BadFile(path, 'is no run_info.json of kallisto');
  }
}

/** Text of a run_info.json that is identical across runs and machines: no start time, and no folders in the call. */
export function runInfoText(info: RunInfo): string {
  const words = info.call.split(' ').map((word) => (word.includes('/') ? basename(word) : word));
  return `${JSON.stringify({ ...info, start_time: undefined, call: words.join(' ') }, null, 2)}\n`;
}
