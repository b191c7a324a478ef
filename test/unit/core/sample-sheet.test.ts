import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PipelineError, PipelineErrors } from '../../../src/errors.ts';
import { isSampleName } from '../../../src/record/keys.ts';
import { parseSampleNames, parseSampleSheet } from '../../../src/samples/sample-sheet.ts';

const COLUMNS = ['bam', 'fastq_1', 'fastq_2', 'strandedness'];

function rows(text: string): [name: string, where: string, cells: Record<string, string>][] {
  return parseSampleSheet(text, 'list', COLUMNS).rows.map(({ name, where, cells }) => [name, where, { ...cells }]);
}

function errors(text: string): string[] {
  try {
    parseSampleSheet(text, 'list', COLUMNS);
  } catch (error) {
    const all = error instanceof PipelineErrors ? error.errors : [error as PipelineError];
    return all.map(({ code, where, message }) => `${code} ${where}: ${message}`);
  }
  return [];
}

describe('a plain list', () => {
  test('one name per line, with or without .bam, which is dropped only at the end', () => {
    expect(rows('S1\nS2.bam\nS.bam.3\nS4.bam.bam\n')).toEqual([
      ['S1', 'list:1', {}],
      ['S2', 'list:2', {}],
      ['S.bam.3', 'list:3', {}],
      ['S4.bam', 'list:4', {}],
    ]);
  });

  test('line numbers count skipped blank lines and comments', () => {
    expect(rows('\uFEFF# cohort 1\r\n\r\nS1  \r\n#S2\r\n   \r\nS3')).toEqual([
      ['S1', 'list:3', {}],
      ['S3', 'list:6', {}],
    ]);
  });
});

describe('a table', () => {
  test('CSV and TSV, in any order of columns', () => {
    const sheet = 'sample,bam,strandedness\nS1,a.bam,reverse\nS2,b.bam,\n';
    const expected = [
      ['S1', 'list:2', { bam: 'a.bam', strandedness: 'reverse' }],
      ['S2', 'list:3', { bam: 'b.bam' }],
    ];
    expect(rows(sheet)).toEqual(expected);
    expect(rows(sheet.replaceAll(',', '\t'))).toEqual(expected);
    expect(rows('bam,sample\na.bam,S1\n')).toEqual([['S1', 'list:2', { bam: 'a.bam' }]]);
    expect(rows('sample\nS1\n')).toEqual([['S1', 'list:2', {}]]);
  });

  test('the shape of nf-core sheets', () => {
    const sheet = 'sample,fastq_1,fastq_2,strandedness\nS1,S1_R1.fastq.gz,S1_R2.fastq.gz,auto\n';
    expect(rows(sheet)).toEqual([
      ['S1', 'list:2', { fastq_1: 'S1_R1.fastq.gz', fastq_2: 'S1_R2.fastq.gz', strandedness: 'auto' }],
    ]);
  });

  test('byte order mark, CRLF, quotes, comments, blank lines and spaces', () => {
    const sheet =
      '\uFEFF# made by hand\r\n"sample" , "bam"\r\n\r\n S1 , "a, b.bam" \r\n# S2\r\n"S3.bam","say ""hi"".bam"\r\n';
    expect(rows(sheet)).toEqual([
      ['S1', 'list:4', { bam: 'a, b.bam' }],
      ['S3', 'list:6', { bam: 'say "hi".bam' }],
    ]);
  });

  test('a # inside a cell is not a comment', () => {
    expect(rows('sample,bam\nS1,run#1.bam\n')).toEqual([['S1', 'list:2', { bam: 'run#1.bam' }]]);
  });

  test('unknown columns are reported, with the nearest match', () => {
    expect(parseSampleSheet('sample,bma,note\nS1,a,b\n', 'list', COLUMNS).ignored).toEqual([
      '"bma" (the nearest known column is "bam")',
      '"note" (the nearest known column is "bam")',
    ]);
  });

  test('what a spreadsheet writes is read back, however it is quoted', () => {
    const cell = fc.stringMatching(/^[A-Za-z0-9_./#",;' -]{0,12}$/).map((text) => text.trim());
    const row = fc.record({ bam: cell, strandedness: cell });
    const style = fc.record({
      delimiter: fc.constantFrom(',', '\t'),
      end: fc.constantFrom('\n', '\r\n'),
      bom: fc.constantFrom('', '\uFEFF'),
      blank: fc.constantFrom('', '\n', '# a comment, of "three" words\n'),
      quoteAll: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 5 }),
        style,
        (table, { delimiter, end, bom, blank, quoteAll }) => {
          const quoted = (text: string) =>
            quoteAll || /[",\t#]|^$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
          const lines = table.map(({ bam, strandedness }, i) =>
            [`S${i}`, bam, strandedness].map(quoted).join(delimiter),
          );
          const text = bom + [['sample', 'bam', 'strandedness'].join(delimiter), ...lines, ''].join(end) + blank;
          const expected = table.map((cells, i) => {
            const given = Object.entries(cells).filter(([, value]) => value !== '');
            return [`S${i}`, `list:${i + 2}`, Object.fromEntries(given)];
          });
          expect(rows(text)).toEqual(expected);
        },
      ),
    );
  });
});

/** Characters that a list may well hold, good and bad. */
const ODD = ['a', 'B', '1', '.', '_', '-', '/', ' ', ',', '#', '"', '\\', '\n', '\r', '\t', '\u{430}'];

describe('names', () => {
  test('are safe in all paths, keys and job names', () => {
    for (const name of ['S1', '1', 'a.b-c_d', 'S.bam', 'x'.repeat(128)])
      expect([name, isSampleName(name)]).toEqual([name, true]);
    const bad = [
      '',
      '.',
      '..',
      'a..b',
      '-a',
      '_a',
      '.a',
      'a/b',
      'a\\b',
      'a b',
      'a\n',
      'a:b',
      'á',
      'S\u{430}1',
      'x'.repeat(129),
    ];
    for (const name of bad) expect([name, isSampleName(name)]).toEqual([name, false]);
  });

  test('every mistake is reported, with line and column', () => {
    expect(errors('S1\nS/2\nS1\n\u{130}3\n')).toMatchInlineSnapshot(`
      [
        "sample-name list:2:2: "S/2" is not a valid sample name",
        "sample-duplicate list:3: Sample "S1" is listed twice, first at list:1",
        "sample-name list:4:1: "İ3" is not a valid sample name (character 1 is U+0130)",
      ]
    `);
    expect(errors('sample,bam\nS1,a\n"S\n2",b\nS1,c\n')).toMatchInlineSnapshot(`
      [
        "sample-name list:3:3: "S\\n2" is not a valid sample name",
        "sample-duplicate list:5: Sample "S1" is listed twice, first at list:2",
      ]
    `);
  });

  test('a comma list counts its places', () => {
    expect(parseSampleNames('S1, S2.bam,,S3', '--samples').map(({ name, where }) => [name, where])).toEqual([
      ['S1', '--samples:1'],
      ['S2', '--samples:2'],
      ['S3', '--samples:4'],
    ]);
  });

  test('any list is refused, or every name is valid and occurs once', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...ODD) }), (text) => {
        try {
          const names = parseSampleSheet(text, 'list', COLUMNS).rows.map(({ name }) => name);
          expect(names.every((name) => isSampleName(name))).toBe(true);
          expect(new Set(names).size).toBe(names.length);
        } catch (error) {
          expect(error).toBeInstanceOf(PipelineError);
        }
      }),
    );
  });
});
