import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type AbundanceRow, readAbundance } from './abundance.ts';
import { BadFile } from './bad-file.ts';
import { openTextWriter } from './write-text.ts';

/** Files that `kallisto quant --plaintext -b N` writes: `bs_abundance_0.tsv`… as many as exist. */
export function findBootstraps(folder: string): string[] {
  const paths: string[] = [];
  for (;;) {
    const path = join(folder, `bs_abundance_${paths.length}.tsv`);
    if (!existsSync(path)) return paths;
    paths.push(path);
  }
}

/**
 * Joins bootstraps into one table: a line per transcript, `target_id` and its estimated counts in each bootstrap.
 * Lengths are those of `abundance.tsv`, and TPM follows from both; the table is a tenth of the files together. Reads
 * all files at the same time, a few MiB of each.
 * @throws BadFile if the files do not have the same transcripts.
 */
export async function writeBootstrapTable(paths: readonly string[], target: string): Promise<void> {
  const tables = paths.map((path) => singleRows(path));
  const writer = openTextWriter(target);
  await writer.write(`${['target_id', ...paths.map((_, i) => `bootstrap_${i}`)].join('\t')}\n`);
  for (;;) {
    const rows = await Promise.all(tables.map(async (table) => (await table.next()).value));
    const [first] = rows;
    const odd = rows.findIndex((row) => row?.target !== first?.target);
    if (odd >= 0) throw new BadFile(paths[odd] as string, 'has other transcripts than the bootstrap before');
    if (!first) break;
    await writer.write(`${[first.target, ...rows.map((row) => row?.counts)].join('\t')}\n`);
  }
  await writer.close();
}

async function* singleRows(path: string): AsyncGenerator<AbundanceRow, undefined> {
  for await (const rows of readAbundance(path)) yield* rows;
  return undefined;
}
