import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { gather } from '../../../pipelines/fusion/gather.ts';
import type { CohortMember } from '../../../src/pipeline/step.ts';
import { outputOf, runToEnd } from './run-step.ts';
import { temporaryFolder } from './spiked.ts';

const { path: folder, remove } = temporaryFolder();
afterAll(remove);

const HEADER = 'geneA.name\tgeneA.id\tgeneB.name\tgeneB.id\tpaircount\tsplitcount\ttranscripts.list';

function table(sample: string, kind: string, rows: readonly string[]): { sample: string; path: string } {
  const path = join(folder, `${sample}.${kind}.tsv`);
  writeFileSync(path, `${[HEADER, ...rows.map((row) => row.replaceAll(' ', '\t'))].join('\n')}\n`);
  return { sample, path };
}

const BCR = 'BCR ENSG1.2 ABL1 ENSG2.1';
const NOISE = 'AAA ENSG8.1 ZZZ ENSG9.1';

function cohort() {
  const took = { wallSeconds: 1.5, cpuSeconds: 2.5, peakMemoryMiB: 300 };
  const finished = (sample: string, pairs: number): CohortMember => ({
    sample,
    steps: {
      picard: { metrics: { read_pairs: pairs, unpaired_reads: 1, orphan_mates: 0 }, ...took },
      kallisto: { metrics: { kallisto_pairs: pairs, pseudoaligned_percent: 91.2 }, ...took },
      pizzly: { metrics: { fusions: 1, fusions_unfiltered: 2 }, ...took, peakMemoryMiB: undefined },
    },
  });
  const members: CohortMember[] = [
    finished('S10', 1000),
    { sample: 'S2', steps: {}, missing: { step: 'picard', cause: 'input', message: 'S2.bam is\ttruncated\nreally' } },
    finished('S1', 2000),
  ];
  const tables = [
    table('S10', 'filtered', [`${BCR} 7 8 t1;t2`]),
    table('S1', 'filtered', [`${BCR} 3 4 t1`, 'MID ENSG4.1 FUS ENSG5.1 2 9 t9']),
  ];
  const unfiltered = [
    table('S10', 'unfiltered', [`${NOISE} 90 0 t3`, `${BCR} 7 8 t1;t2`]),
    table('S1', 'unfiltered', [`${BCR} 3 4 t1`, 'MID ENSG4.1 FUS ENSG5.1 2 9 t9', `${NOISE} 1 0 t3`]),
  ];
  return { members, inputs: { tables, unfiltered } };
}

const read = (path: string): string => readFileSync(path, 'utf8');

test('joins the samples with results, and names those without', async () => {
  const { outputs } = await runToEnd(gather, { folder: join(folder, 'whole'), sample: 'cohort', ...cohort() });
  const { columns, ...files } = outputs as Record<string, string>;
  expect(
    Object.entries(files)
      .map(([name, path]) => `${name}\n${read(path)}`)
      .join('\n'),
  ).toMatchInlineSnapshot(`
    "fusions
    geneA.name	geneA.id	geneB.name	geneB.id	status	recurrence	seen	paircount	splitcount	samples
    BCR	ENSG1.2	ABL1	ENSG2.1	filtered	2	2	10	12	S10=7/8;S1=3/4
    MID	ENSG4.1	FUS	ENSG5.1	filtered	1	1	2	9	S1=2/9
    AAA	ENSG8.1	ZZZ	ENSG9.1	unfiltered-only	0	2	91	0	S10=90/0*;S1=1/0*

    fusionsJson
    {"fusions":[
    {"geneA":{"name":"BCR","id":"ENSG1.2"},"geneB":{"name":"ABL1","id":"ENSG2.1"},"status":"filtered","recurrence":2,"samples":[{"sample":"S10","paircount":7,"splitcount":8,"filtered":true},{"sample":"S1","paircount":3,"splitcount":4,"filtered":true}]},
    {"geneA":{"name":"MID","id":"ENSG4.1"},"geneB":{"name":"FUS","id":"ENSG5.1"},"status":"filtered","recurrence":1,"samples":[{"sample":"S1","paircount":2,"splitcount":9,"filtered":true}]},
    {"geneA":{"name":"AAA","id":"ENSG8.1"},"geneB":{"name":"ZZZ","id":"ENSG9.1"},"status":"unfiltered-only","recurrence":0,"samples":[{"sample":"S10","paircount":90,"splitcount":0,"filtered":false},{"sample":"S1","paircount":1,"splitcount":0,"filtered":false}]}
    ]}

    qc
    sample	status	read_pairs	unpaired_reads	orphan_mates	pseudoaligned_pairs	pseudoaligned_percent	unique_percent	fragment_length_mean	fragment_length_p95	fusion_records	records_kept	insert_size	fusions	fusions_unfiltered
    S10	ok	1000	1	0		91.2							1	2
    S2	missing													
    S1	ok	2000	1	0		91.2							1	2

    timings
    sample	step	wall_seconds	cpu_seconds	peak_memory_mib
    S10	picard	1.5	2.5	300
    S10	kallisto	1.5	2.5	300
    S10	pizzly	1.5	2.5	
    S1	picard	1.5	2.5	300
    S1	kallisto	1.5	2.5	300
    S1	pizzly	1.5	2.5	

    missing
    sample	step	cause	message
    S2	picard	input	S2.bam is truncated really
    "
  `);
  for (const header of Object.values(files)
    .filter((path) => path.endsWith('.tsv'))
    .map((path) => read(path).split('\n')[0])) {
    for (const column of header?.split('\t') ?? []) expect(read(columns as string)).toContain(`| \`${column}\` | `);
  }
});

test('gives the same bytes again', async () => {
  const once = await runToEnd(gather, { folder: join(folder, 'once'), sample: 'cohort', ...cohort() });
  const again = await runToEnd(gather, { folder: join(folder, 'again'), sample: 'cohort', ...cohort() });
  for (const name of Object.keys(once.outputs)) expect(read(outputOf(again, name))).toBe(read(outputOf(once, name)));
});

test('works if no sample succeeded', async () => {
  const members = cohort().members.map(({ sample }): CohortMember => ({
    sample,
    steps: {},
    missing: { step: 'picard', cause: 'spot', message: 'the machine was reclaimed' },
  }));
  const end = await runToEnd(gather, {
    folder: join(folder, 'none'),
    sample: 'cohort',
    members,
    inputs: { tables: [], unfiltered: [] },
  });
  expect(JSON.parse(read(outputOf(end, 'fusionsJson')))).toEqual({ fusions: [] });
  expect(read(outputOf(end, 'missing')).split('\n')).toHaveLength(1 + 3 + 1);
});
