import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FUSION_TXT_HEADER, readFusionTxt, recordProblem } from '../../../pipelines/fusion/formats/fusion-txt.ts';
import { temporaryFiles } from './temporary-files.ts';

const file = temporaryFiles();
const PAIR = 'PAIR\tr1/1\tACGT\t0,44\tr1/2\tTTTT\t3,40\t\tNA\t(T1.2,362,RC);(T2.1,-3,RC)\t(T9.2,339,FW)';
const SPLIT = 'SPLIT\tr2/1\tACGT\t0,44\tr2/2\tTTTT\t-1,-1\tsplitat=(1,35)\t(T1.2,362,RC)\t(T9.2,339,FW);(T8,1,FW)';
const text = `${[FUSION_TXT_HEADER, PAIR, SPLIT, PAIR].join('\n')}\n`;

async function read(content: string) {
  const records: string[] = [];
  const summary = await readFusionTxt(file('fusion.txt', content), (batch) => void records.push(...batch));
  return { summary, records };
}

test('counts and passes on the records', async () => {
  expect(await read(text)).toEqual({ summary: { pairs: 2, splits: 1 }, records: [PAIR, SPLIT, PAIR] });
});

test('a header alone means no fusions', async () => {
  expect(await read(`${FUSION_TXT_HEADER}\n`)).toEqual({ summary: { pairs: 0, splits: 0 }, records: [] });
});

test('truncation anywhere but between two records is detected', async () => {
  const between = new Set([...text.matchAll(/\n/g)].map(({ index }) => index + 1));
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: text.length - 1 }), async (cut) => {
      fc.pre(!between.has(cut));
      await expect(read(text.slice(0, cut))).rejects.toThrow(/fusion\.txt (?:is|ends)/);
    }),
    { numRuns: text.length },
  );
});

describe('records that pizzly would misread', () => {
  test.each([
    ['begins with "JUNK", not PAIR or SPLIT', 'JUNK\tx'],
    ['has 10 fields', PAIR.replace('\t\tNA', '\tNA')],
    ['has 11 fields', SPLIT.replace('\tsplitat', '\t\tsplitat')],
    ['lacks the name of a read', PAIR.replace('r1/2', '')],
    ['has no k-mer position where one must be', PAIR.replace('0,44', '0')],
    ['has "splitat=(2,35)" where the split must be', SPLIT.replace('(1,', '(2,')],
    ['has an incomplete list of positions', SPLIT.replace(',FW)', ',F')],
    ['has an incomplete list of positions', PAIR.replace('T9.2', 'T9|2')],
  ])('%s', (problem, record) => {
    expect(recordProblem(record)).toBe(problem);
  });
});
