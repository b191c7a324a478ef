import { describe, expect, test } from 'vitest';
import { GENE_TABLE_HEADER, geneTableLine, readGeneTable } from '../../../pipelines/fusion/formats/gene-table.ts';
import { type PizzlyGenePair, readPizzlyJson } from '../../../pipelines/fusion/formats/pizzly-json.ts';
import { temporaryFiles } from './temporary-files.ts';

const file = temporaryFiles();
const EMPTY = '{\n  "genes" : [\n\n  ]\n}';

/** As pizzly writes it, byte for byte, of one gene pair. */
function pizzlyText({ name = 'BCR', read = 'r1', type = 'SPLIT', second = 'false' }): string {
  const mate = (n: number, direction: string): string =>
    `          "read${n}" : { "name" : "${read}/${n}", "seq" : "ACGT", "splitpos" : -1, "direction" : "${direction}", "kmerpos" : { "start" : 0, "stop" : 44}}`;
  return `{
  "genes" : [
    {
      "geneA" : { "id" : "ENSG1.2", "name" : "${name}"},
      "geneB" : { "id" : "ENSG2.1", "name" : "ABL1"},
      "paircount" : 7,
      "splitcount" : 9,
      "transcripts" : [
        {
          "fasta_record": "T1.2_0:502_T6.2_480:1003",
          "transcriptA": {"id" : "T1.2", "startPos" : 0, "endPos" : 502, "edit" : 0, "strand" : true},
          "transcriptB": {"id" : "T6.2", "startPos" : 480, "endPos" : 1003, "edit" : 0, "strand" : true},
          "support" : 1,
          "reads" : [0]
        },
        {
          "fasta_record": "T3.1_0:502_T6.2_480:1003",
          "transcriptA": {"id" : "T3.1", "startPos" : 0, "endPos" : 502, "strand" : true},
          "transcriptB": {"id" : "T6.2", "startPos" : 480, "endPos" : 1003, "strand" : true},
          "support" : 1,
          "reads" : [0]
        }
      ],
      "readpairs" : [
        {
          "type" : "${type}",
${mate(1, 'true')},
${mate(2, second)}
        }
      ]
    }
  ]
}`;
}

async function read(text: string): Promise<{ pairs: PizzlyGenePair[]; mended: string }> {
  const pairs: PizzlyGenePair[] = [];
  let mended = '';
  await readPizzlyJson(
    file('S1.json', text),
    (pair) => pairs.push(pair),
    (lines) => void (mended += lines),
  );
  return { pairs, mended };
}

const GENE_PAIR: PizzlyGenePair = {
  geneA: { id: 'ENSG1.2', name: 'BCR' },
  geneB: { id: 'ENSG2.1', name: 'ABL1' },
  paircount: 7,
  splitcount: 9,
  transcripts: ['T1.2_0:502_T6.2_480:1003', 'T3.1_0:502_T6.2_480:1003'],
};

test('reads gene pairs, and leaves a valid file unchanged', async () => {
  const text = pizzlyText({});
  expect(await read(text)).toEqual({ pairs: [GENE_PAIR], mended: text });
});

test('reads a file without fusions', async () => {
  expect(await read(EMPTY)).toEqual({ pairs: [], mended: EMPTY });
});

/** As any JSON parser reads it; undefined if it refuses. */
function firstReadName(json: string): string | undefined {
  try {
    const { genes } = JSON.parse(json) as { genes: { readpairs: { read1: { name: string } }[] }[] };
    return genes[0]?.readpairs[0]?.read1.name;
  } catch {
    return undefined;
  }
}

describe('what it repairs', () => {
  test.each(['a"b', 'a\\b', 'a", "seq" : "', '"'])('the read name %s', async (name) => {
    const text = pizzlyText({ read: name });
    expect(firstReadName(text)).not.toBe(`${name}/1`);
    expect(firstReadName((await read(text)).mended)).toBe(`${name}/1`);
  });

  test('a gene name with a quote', async () => {
    const { pairs, mended } = await read(pizzlyText({ name: 'B"C' }));
    expect(pairs[0]?.geneA.name).toBe('B"C');
    expect(JSON.parse(mended)).toMatchObject({ genes: [{ geneA: { name: 'B"C' } }] });
  });

  test('the direction of a SPLIT’s second mate, which pizzly never sets', async () => {
    const [garbage, sound] = [pizzlyText({ second: 'true' }), pizzlyText({ second: 'false' })];
    expect((await read(garbage)).mended).toBe(sound);
  });

  test('not that of a PAIR', async () => {
    const text = pizzlyText({ type: 'PAIR', second: 'true' });
    expect((await read(text)).mended).toBe(text);
  });
});

test.each([0, 10, 22, 200, 900, 1200])('a file truncated after %i bytes is refused', async (length) => {
  await expect(read(pizzlyText({}).slice(0, length))).rejects.toThrow('S1.json is cut off');
});

test('the flat table is that of pizzly’s flatten_json.py, and can be read back', async () => {
  const line = geneTableLine(GENE_PAIR);
  expect(GENE_TABLE_HEADER + line).toMatchInlineSnapshot(`
    "geneA.name	geneA.id	geneB.name	geneB.id	paircount	splitcount	transcripts.list
    BCR	ENSG1.2	ABL1	ENSG2.1	7	9	T1.2_0:502_T6.2_480:1003;T3.1_0:502_T6.2_480:1003
    "
  `);
  const rows: PizzlyGenePair[] = [];
  await readGeneTable(file('S1.tsv', GENE_TABLE_HEADER + line + line), (row) => rows.push(row));
  expect(rows).toEqual([GENE_PAIR, GENE_PAIR]);
  await expect(readGeneTable(file('S2.tsv', 'gene\tcount\n'), () => {})).rejects.toThrow(
    'S2.tsv is no table of fusions',
  );
});
