import { createReadStream, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type ContextOf, defineStep, StepFailure } from '../../src/pipeline/step.ts';
import { blame } from './formats/bad-file.ts';
import { readFusionTxt } from './formats/fusion-txt.ts';
import { GENE_TABLE_HEADER, geneTableLine } from './formats/gene-table.ts';
import { readPizzlyJson } from './formats/pizzly-json.ts';
import { type ReferenceFacts, readReferenceFacts } from './formats/reference-facts.ts';
import { openTextWriter } from './formats/write-text.ts';
import { kallisto } from './kallisto.ts';
import { pizzlyNeeds } from './needs.ts';
import { params } from './params.ts';
import { reference } from './reference.ts';
import { references } from './references.ts';
import { readBytes } from './samples.ts';
import { pizzly as pizzlyTool } from './tools.ts';

const { k, alignScore, insertSize, ignoreProtein } = params;

/**
 * Calls fusions. pizzly reports success on a missing, empty or truncated `fusion.txt` and on an annotation without
 * biotypes, so the step verifies that it read everything it was given.
 */
export const pizzly = defineStep({
  name: 'pizzly',
  description: 'Calls gene fusions from the candidate reads (pizzly)',
  version: '1',
  inputs: {
    fusion: kallisto.outputs.fusion,
    fragments: kallisto.outputs.fragments,
    fasta: reference.outputs.fasta,
    gtf: reference.outputs.gtf,
    facts: reference.outputs.facts,
  },
  params: { k, alignScore, insertSize, ignoreProtein },
  outputs: {
    json: '{sample}.json',
    fasta: '{sample}.fusions.fasta',
    table: '{sample}.fusions.tsv',
    unfilteredJson: '{sample}.unfiltered.json',
    unfilteredFasta: '{sample}.unfiltered.fusions.fasta',
    unfilteredTable: '{sample}.unfiltered.fusions.tsv',
    log: '{sample}_pizzly.out',
  },
  resources: (sizes) => pizzlyNeeds(sizes.of(references.fasta), readBytes(sizes)),
  tools: [pizzlyTool],
  image: 'images/pizzly',
  async run(context) {
    try {
      await call(context);
    } catch (error) {
      throw blame('check', context.sample, error);
    }
  },
});

type PizzlyContext = ContextOf<typeof pizzly>;

async function call(context: PizzlyContext): Promise<void> {
  const { inputs, outputs, scratch, params: settings, metric, signal } = context;
  const facts = readReferenceFacts(inputs.facts);
  if (facts.gtf.proteinCoding === 0 && !settings.ignoreProtein) throw noProteins();
  const records = await readFusionTxt(inputs.fusion, () => {}, { signal });
  const longest = chooseInsertSize(context);
  // pizzly writes nothing, and reports success, if its output folder does not exist.
  const prefix = join(scratch, 'pizzly', 'out');
  mkdirSync(join(scratch, 'pizzly'));
  const stderr = await runPizzly(context, prefix, longest);
  writeFileSync(outputs.log, stderr);
  checkIntake(context, stderr, facts, records.pairs + records.splits);
  const calls = await keep(context, `${prefix}`, outputs);
  const unfiltered = await keep(context, `${prefix}.unfiltered`, {
    json: outputs.unfilteredJson,
    fasta: outputs.unfilteredFasta,
    table: outputs.unfilteredTable,
  });
  metric('fusions', calls);
  metric('fusions_unfiltered', unfiltered);
  metric('insert_size', longest);
}

function noProteins(): StepFailure {
  return new StepFailure('input', 'The annotation names no protein-coding transcripts, and pizzly looks at no others', {
    hint: 'Give a GTF with gene_biotype and transcript_biotype, or say -p ignoreProtein=true.',
  });
}

const fragmentLengths = z.object({ longest: z.number().nullable() });

function chooseInsertSize({ params: settings, inputs, sample }: PizzlyContext): number {
  if (settings.insertSize !== 'auto') return settings.insertSize;
  const { longest } = fragmentLengths.parse(JSON.parse(readFileSync(inputs.fragments, 'utf8')));
  if (longest !== null) return longest;
  throw new StepFailure('input', `${sample}: insertSize=auto cannot be told with this reference`, {
    hint: 'It takes transcripts shorter than 1,000 bases. Say -p insertSize=400 or what the library has.',
  });
}

async function runPizzly(context: PizzlyContext, prefix: string, longest: number): Promise<string> {
  const { $, tool, inputs, params: settings, scratch } = context;
  const flags = settings.ignoreProtein ? ['--ignore-protein'] : [];
  // Both numbers are always passed: pizzly does not initialise them. No --cache: a stale or truncated one silently
  // means fewer fusions, and it saves only a second per 60,000 transcripts.
  const { stderr } = await $({ env: { HOME: scratch } })`${tool('pizzly')} --version-check OFF -k ${settings.k}
    --align-score ${settings.alignScore} --insert-size ${longest} ${flags}
    --gtf ${inputs.gtf} --fasta ${inputs.fasta} --output ${prefix} ${inputs.fusion}`;
  return stderr;
}

/** Compares what pizzly reports to have read with its input. */
function checkIntake(context: PizzlyContext, stderr: string, { gtf }: ReferenceFacts, records: number): void {
  const [, genes, transcripts] = /GTF file contains (\d+) genes and (\d+) transcripts/.exec(stderr) ?? [];
  const [, kept, read] = /Number of kept records (\d+) out of (\d+)/.exec(stderr) ?? [];
  context.check('genes that pizzly read', { expected: gtf.genes, actual: Number(genes) });
  context.check('transcripts that pizzly read', { expected: gtf.transcripts, actual: Number(transcripts) });
  context.check('records that pizzly read', { expected: records, actual: Number(read) });
  context.metric('records_kept', Number(kept));
}

/** Publishes one of pizzly's two results, repaired and with its table; returns the number of gene pairs. */
async function keep(
  { check, signal }: PizzlyContext,
  prefix: string,
  to: { json: string; fasta: string; table: string },
): Promise<number> {
  const json = openTextWriter(to.json);
  const table = openTextWriter(to.table);
  await table.write(GENE_TABLE_HEADER);
  let genePairs = 0;
  let transcripts = 0;
  let rows = '';
  await readPizzlyJson(
    `${prefix}.json`,
    (pair) => {
      genePairs += 1;
      transcripts += pair.transcripts.length;
      rows += geneTableLine(pair);
    },
    async (text) => {
      await json.write(text);
      await table.write(rows);
      rows = '';
    },
    { signal },
  );
  await table.write(rows);
  await Promise.all([json.close(), table.close()]);
  check('fused transcripts in FASTA and JSON', {
    expected: transcripts,
    actual: await countSequences(`${prefix}.fusions.fasta`),
  });
  renameSync(`${prefix}.fusions.fasta`, to.fasta);
  return genePairs;
}

/** pizzly writes two lines for each fused transcript, of any length. */
async function countSequences(path: string): Promise<number> {
  let count = 0;
  for await (const chunk of createReadStream(path)) {
    for (const byte of chunk as Buffer) if (byte === 0x3e) count += 1;
  }
  return count;
}
