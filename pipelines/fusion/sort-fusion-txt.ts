import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Shell } from '../../src/pipeline/shell.ts';
import { FUSION_TXT_HEADER, type FusionTxtSummary, readFusionTxt } from './formats/fusion-txt.ts';
import { openTextWriter } from './formats/write-text.ts';
import { sortLines } from './sort-lines.ts';

interface SortContext {
  $: Shell;
  tool: (name: 'sort') => readonly string[];
  scratch: string;
  signal: AbortSignal;
}

/**
 * Checks a `fusion.txt` and writes its records sorted by bytes: with several threads kallisto's order varies from run
 * to run, and with it pizzly's output.
 */
export async function sortFusionTxt(context: SortContext, source: string, target: string): Promise<FusionTxtSummary> {
  const records = `${source}.records`;
  const sorted = `${source}.sorted`;
  const writer = openTextWriter(records);
  const { signal } = context;
  const summary = await readFusionTxt(source, (lines) => writer.write(`${lines.join('\n')}\n`), { signal });
  await writer.close();
  await sortLines(context, records, sorted);
  const output = createWriteStream(target);
  output.write(`${FUSION_TXT_HEADER}\n`);
  await pipeline(createReadStream(sorted), output);
  for (const path of [records, sorted]) rmSync(path);
  return summary;
}
