import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import { expect, test, vi } from 'vitest';
import { compareWithTruth } from '../../../pipelines/fusion/demo/compare-with-truth.ts';
import { comparisonTable } from '../../../pipelines/fusion/demo/comparison-table.ts';
import { foundInPizzlyJson } from '../../../pipelines/fusion/demo/found-fusions.ts';
import { parseTruth, truthText, type SampleTruth } from '../../../pipelines/fusion/demo/truth.ts';

const junction = { transcriptA: 'T1.1', endA: 100, transcriptB: 'T2.3', startB: 7 };
const truth: SampleTruth[] = [
  {
    sample: 'both',
    expect: 'success',
    fusions: [
      { geneA: 'A', geneB: 'B', junction },
      { geneA: 'C', geneB: 'D' },
    ],
  },
  {
    sample: 'one',
    expect: 'success',
    fusions: [
      { geneA: 'A', geneB: 'B', junction },
      { geneA: 'C', geneB: 'D' },
    ],
  },
  { sample: 'none', expect: 'success', fusions: [] },
  { sample: 'lost', expect: 'success', fusions: [{ geneA: 'A', geneB: 'B' }] },
  { sample: 'broken', expect: 'failure', fusions: [] },
];
const ab = { geneA: 'A', geneB: 'B', junctions: [junction] };
const cd = { geneA: 'C', geneB: 'D' };

test('a perfect result scores 1 and is as expected', () => {
  const found = new Map([
    ['both', [ab, cd]],
    ['one', [cd, ab, ab]],
    ['none', []],
    ['lost', [ab]],
  ]);
  const comparison = compareWithTruth(found, truth);
  expect(comparison.total).toEqual({ putIn: 5, found: 5, exact: 2, located: 2, wrong: 0, recall: 1, precision: 1 });
  expect(comparison.asExpected).toBe(true);
});

test('misses, false fusions, lost samples and impossible successes are distinguished', () => {
  const found = new Map([
    ['both', [ab, cd]],
    [
      'one',
      [
        { ...ab, junctions: [{ ...junction, endA: 99 }] },
        { geneA: 'D', geneB: 'C' },
      ],
    ],
    ['none', [{ geneA: 'X', geneB: 'Y' }]],
    ['broken', []],
    ['unknown', [ab]],
  ]);
  const comparison = compareWithTruth(found, truth);
  expect(comparison.asExpected).toBe(false);
  expect(comparison.samples.map(({ asExpected }) => asExpected)).toEqual([true, false, false, false, false]);
  expect(comparisonTable(comparison)).toMatchInlineSnapshot(`
    "sample  put in  found  exact  wrong  recall  precision
    both         2      2      1      0   100 %      100 %
    one          2      1      0      1    50 %       50 %  missed C--D; wrong D--C
    none         0      0      –      1       –        0 %  wrong X--Y
    lost         1      –      –      –       –          –  no result
    broken       0      0      –      0       –          –  broken, but got a result
    all          5      3      1      2    60 %       60 %"
  `);
});

/** A stream that passes for a terminal. */
function terminal(): NodeJS.WriteStream {
  const getColorDepth = (): number => WriteStream.prototype.getColorDepth();
  return Object.assign(new PassThrough(), { isTTY: true, getColorDepth }) as unknown as NodeJS.WriteStream;
}

test('colours are for terminals only, and not with NO_COLOR', () => {
  const comparison = compareWithTruth(new Map(), truth);
  const pipe = new PassThrough() as unknown as NodeJS.WriteStream;
  vi.stubEnv('CI', undefined);
  vi.stubEnv('FORCE_COLOR', undefined);
  vi.stubEnv('NO_COLOR', undefined);
  vi.stubEnv('TERM', 'xterm-256color');
  expect(comparisonTable(comparison, { stream: terminal() })).toContain('\u001b[31mboth');
  expect(comparisonTable(comparison, { stream: pipe })).not.toContain('\u001b');
  expect(comparisonTable(comparison)).not.toContain('\u001b');
  vi.stubEnv('NO_COLOR', '1');
  expect(comparisonTable(comparison, { stream: terminal() })).not.toContain('\u001b');
  vi.unstubAllEnvs();
});

test('truth.tsv is read as it was written', () => {
  expect(truthText(truth)).toMatchInlineSnapshot(`
    "sample	expect	gene_a	gene_b	transcript_a	end_a	transcript_b	start_b
    both	fusion	A	B	T1.1	100	T2.3	7
    both	fusion	C	D	.	.	.	.
    one	fusion	A	B	T1.1	100	T2.3	7
    one	fusion	C	D	.	.	.	.
    none	none	.	.	.	.	.	.
    lost	fusion	A	B	.	.	.	.
    broken	failure	.	.	.	.	.	.
    "
  `);
  expect(parseTruth(truthText(truth))).toEqual(truth);
});

test('an invalid row is refused with its line', () => {
  expect(() => parseTruth(`${truthText(truth)}what is this\n`)).toThrow(
    expect.objectContaining({ code: 'demo-truth', where: 'line 9' }),
  );
});

test('a file that is not a result of pizzly is refused', () => {
  expect(() => foundInPizzlyJson('{"genes":[{}]}', 'x.json')).toThrow(
    expect.objectContaining({ code: 'pizzly-json', where: 'x.json' }),
  );
  expect(() => foundInPizzlyJson('{"genes":[', 'x.json')).toThrow(expect.objectContaining({ code: 'pizzly-json' }));
});
