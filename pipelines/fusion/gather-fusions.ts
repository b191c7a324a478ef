import { join } from 'node:path';
import type { CollectedFile } from '../../src/pipeline/inputs.ts';
import type { Shell } from '../../src/pipeline/shell.ts';
import { type CohortFusion, FUSIONS, recurrence, statusOf, totalOf } from './formats/cohort-fusion.ts';
import { headerLine, tableLine } from './formats/column.ts';
import { readGeneTable } from './formats/gene-table.ts';
import type { PizzlyGenePair } from './formats/pizzly-json.ts';
import { lineBatches } from './formats/text.ts';
import { openTextWriter } from './formats/write-text.ts';
import { sortLines } from './sort-lines.ts';

interface GatherContext {
  inputs: { tables: readonly CollectedFile[]; unfiltered: readonly CollectedFile[] };
  outputs: { fusions: string; fusionsJson: string };
  scratch: string;
  $: Shell;
  tool: (name: 'sort') => readonly string[];
}

/**
 * Turns per-sample tables into per-fusion tables, in memory that does not grow with the cohort: rows are sorted by
 * fusion on disk, joined, and sorted again by number of samples.
 */
export async function gatherFusions(context: GatherContext): Promise<{ filtered: number; unfilteredOnly: number }> {
  const path = (name: string): string => join(context.scratch, name);
  await writeRows(context.inputs, path('rows'));
  await sortLines(context, path('rows'), path('rows.sorted'));
  await joinRows(path('rows.sorted'), path('fusions'));
  await sortLines(context, path('fusions'), path('fusions.sorted'));
  return writeResults(path('fusions.sorted'), context.outputs);
}

/** A row: fusion, then the sample's place in the list, so that sorting by bytes orders both. */
async function writeRows({ tables, unfiltered }: GatherContext['inputs'], target: string): Promise<void> {
  const writer = openTextWriter(target);
  const filteredPaths = new Map(tables.map(({ sample, path }) => [sample, path]));
  for (const [place, { sample, path }] of unfiltered.entries()) {
    const passed = new Set<string>();
    await readGeneTable(filteredPaths.get(sample) as string, (row) => passed.add(keyOf(row)));
    let text = '';
    await readGeneTable(path, (row) => {
      const support = {
        sample,
        paircount: row.paircount,
        splitcount: row.splitcount,
        filtered: passed.has(keyOf(row)),
      };
      text += `${keyOf(row)}\t${padded(place)}\t${JSON.stringify(support)}\n`;
    });
    await writer.write(text);
  }
  await writer.close();
}

function keyOf({ geneA, geneB }: PizzlyGenePair): string {
  return [geneA.name, geneB.name, geneA.id, geneB.id].join('\t');
}

/** Digits in which numbers sort as text; more than samples or reads in a cohort. */
function padded(value: number): string {
  return String(value).padStart(12, '0');
}

/** Joins rows of the same fusion, and prefixes each with its sort key. */
async function joinRows(source: string, target: string): Promise<void> {
  const writer = openTextWriter(target);
  let fusion: CohortFusion | undefined;
  let key = '';
  const flush = async (): Promise<void> => {
    if (fusion) await writer.write(`${rankOf(fusion)}\t${key}\t${JSON.stringify(fusion)}\n`);
  };
  for await (const lines of lineBatches(source)) {
    for (const line of lines) {
      const [nameA = '', nameB = '', idA = '', idB = '', , support = ''] = line.split('\t');
      const nextKey = [nameA, nameB, idA, idB].join('\t');
      if (nextKey !== key) {
        await flush();
        key = nextKey;
        fusion = { geneA: { name: nameA, id: idA }, geneB: { name: nameB, id: idB }, samples: [] };
      }
      fusion?.samples.push(JSON.parse(support) as CohortFusion['samples'][number]);
    }
  }
  await flush();
  await writer.close();
}

const MOST = 999_999_999_999;

/** Sort key that puts fusions that passed first, then those in more samples, then those with more reads. */
function rankOf(fusion: CohortFusion): string {
  const reads = totalOf(fusion, 'paircount') + totalOf(fusion, 'splitcount');
  return [recurrence(fusion), fusion.samples.length, reads].map((value) => padded(MOST - value)).join('\t');
}

async function writeResults(
  source: string,
  { fusions, fusionsJson }: GatherContext['outputs'],
): Promise<{ filtered: number; unfilteredOnly: number }> {
  const table = openTextWriter(fusions);
  const json = openTextWriter(fusionsJson);
  const counts = { filtered: 0, unfilteredOnly: 0 };
  await table.write(headerLine(FUSIONS));
  await json.write('{"fusions":[');
  for await (const lines of lineBatches(source)) {
    for (const line of lines) {
      const fusion = JSON.parse(line.slice(line.lastIndexOf('\t') + 1)) as CohortFusion;
      const isFirst = counts.filtered + counts.unfilteredOnly === 0;
      counts[statusOf(fusion) === 'filtered' ? 'filtered' : 'unfilteredOnly'] += 1;
      await table.write(tableLine(FUSIONS, fusion));
      await json.write(`${isFirst ? '' : ','}\n${jsonText(fusion)}`);
    }
  }
  await json.write('\n]}\n');
  await Promise.all([table.close(), json.close()]);
  return counts;
}

function jsonText(fusion: CohortFusion): string {
  const { geneA, geneB, samples } = fusion;
  return JSON.stringify({ geneA, geneB, status: statusOf(fusion), recurrence: recurrence(fusion), samples });
}
