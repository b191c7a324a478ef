import { writeFileSync } from 'node:fs';
import { collect } from '../../src/pipeline/inputs.ts';
import { type CohortMember, type ContextOf, defineStep } from '../../src/pipeline/step.ts';
import { blame } from './formats/bad-file.ts';
import { FUSIONS } from './formats/cohort-fusion.ts';
import { MISSING, QC, type Timing, TIMINGS } from './formats/cohort-tables.ts';
import { dictionaryText, headerLine, type Table, tableLine } from './formats/column.ts';
import { gatherFusions } from './gather-fusions.ts';
import { pizzly } from './pizzly.ts';
import { sort } from './tools.ts';

/** Collects the results of all samples that have them, and lists the samples without results and why. */
export const gather = defineStep({
  name: 'gather',
  description: 'Gathers fusions, quality figures and timings of the whole cohort',
  scope: 'cohort',
  version: '1',
  inputs: { tables: collect(pizzly.outputs.table), unfiltered: collect(pizzly.outputs.unfilteredTable) },
  outputs: {
    fusions: 'fusions.tsv',
    fusionsJson: 'fusions.json',
    qc: 'qc.tsv',
    timings: 'timings.tsv',
    missing: 'missing.tsv',
    columns: 'columns.md',
  },
  resources: { cpus: 1, memory: '2 GB', scratch: '20 GB', time: '4h' },
  tools: [sort],
  image: 'images/base',
  async run(context) {
    const { outputs, members } = context;
    writeTable(outputs.qc, QC, members);
    writeTable(outputs.timings, TIMINGS, members.flatMap(timingsOf));
    writeTable(
      outputs.missing,
      MISSING,
      members.filter(({ missing }) => missing !== undefined),
    );
    writeFileSync(outputs.columns, COLUMNS_TEXT);
    await writeFusions(context);
  },
});

type GatherContext = ContextOf<typeof gather>;

async function writeFusions(context: GatherContext): Promise<void> {
  try {
    const counts = await gatherFusions(context);
    context.metric('fusions', counts.filtered);
    context.metric('fusions_unfiltered_only', counts.unfilteredOnly);
  } catch (error) {
    throw blame('check', 'cohort', error);
  }
}

function timingsOf({ sample, steps }: CohortMember): Timing[] {
  return Object.entries(steps).map(([step, took]) => ({ sample, step, took }));
}

function writeTable<Row>(path: string, table: Table<Row>, rows: readonly Row[]): void {
  writeFileSync(path, headerLine(table) + rows.map((row) => tableLine(table, row)).join(''));
}

const COLUMNS_TEXT = [
  '# What the columns mean',
  '',
  'Tables are tab-separated, with a header line, UTF-8.',
  '',
  dictionaryText(FUSIONS),
  dictionaryText(QC),
  dictionaryText(TIMINGS),
  dictionaryText(MISSING),
].join('\n');
