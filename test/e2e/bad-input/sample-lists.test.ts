import { expect, test } from 'vitest';
import { LETTERS, TWO_TEXTS } from '../../fixtures/work-folder.ts';
import { refusal } from './refusal.ts';

/** A run over this sample list, beside two texts in `in/`. */
function list(name: string, text: string, ...args: string[]): Promise<string> {
  return refusal(['run', LETTERS, '--samples', name, '--inputs', 'in', ...args], { ...TWO_TEXTS, [name]: text });
}

test('a duplicate sample is reported with both lines', async () => {
  expect(await list('list.txt', 'S1\nS2\n\n# again\nS1\n')).toMatchInlineSnapshot(`
    "exit 2
    error: list.txt:5: Sample "S1" is listed twice, first at list.txt:1
      -> Remove one of them, or give them different names."
  `);
  expect(await list('list.txt', 'S1\nS1.bam\n')).toMatchInlineSnapshot(`
    "exit 2
    error: list.txt:2: Sample "S1" is listed twice, first at list.txt:1
      -> Remove one of them, or give them different names."
  `);
  expect(await list('sheet.csv', 'sample,txt\nS1,S1.txt\nS1,S2.txt\n')).toMatchInlineSnapshot(`
    "exit 2
    error: sheet.csv:3: Sample "S1" is listed twice, first at sheet.csv:2
      -> Remove one of them, or give them different names."
  `);
  expect(await refusal(['run', LETTERS, '-s', 'S1,S2,S1', '--inputs', 'in'], TWO_TEXTS)).toMatchInlineSnapshot(`
    "exit 2
    error: --samples:3: Sample "S1" is listed twice, first at --samples:1
      -> Remove one of them, or give them different names."
  `);
});

test('names that could escape a folder, or split an argument, are reported with line and column, all at once', async () => {
  expect(await list('list.txt', '../S1\nS..1\na/b\nS 1\n.S1\n-S1\nS1\\n\n')).toMatchInlineSnapshot(`
    "exit 2
    error: list.txt:1:1: "../S1" is not a valid sample name
      -> Use letters, digits, ".", "_" and "-", starting with a letter or digit, at most 128.
    error: list.txt:2:2: "S..1" is not a valid sample name
      -> Use letters, digits, ".", "_" and "-", starting with a letter or digit, at most 128.
    error: list.txt:3:2: "a/b" is not a valid sample name
      -> Use letters, digits, ".", "_" and "-", starting with a letter or digit, at most 128.
    error: list.txt:4:2: "S 1" is not a valid sample name
      -> Use letters, digits, ".", "_" and "-", starting with a letter or digit, at most 128.
    error: list.txt:5:1: ".S1" is not a valid sample name
      -> Use letters, digits, ".", "_" and "-", starting with a letter or digit, at most 128.
    error: list.txt:6:1: "-S1" is not a valid sample name
      -> Use letters, digits, ".", "_" and "-", starting with a letter or digit, at most 128.
    error: list.txt:7:3: "S1\\\\n" is not a valid sample name
      -> Use letters, digits, ".", "_" and "-", starting with a letter or digit, at most 128."
  `);
});

test('a line end in a quoted cell is shown', async () => {
  expect(await list('sheet.csv', 'sample,txt\n"S\n1",S1.txt\nS2,S2.txt\n')).toMatchInlineSnapshot(`
    "exit 2
    error: sheet.csv:2:3: "S\\n1" is not a valid sample name
      -> Use letters, digits, ".", "_" and "-", starting with a letter or digit, at most 128."
  `);
});

test('a look-alike character is reported by its code point and line, also after a cell of two lines', async () => {
  const sheet = 'sample,txt,note\nS1,S1.txt,"first\nsecond"\nS\u{430}2,S2.txt,\n';
  expect(await list('sheet.csv', sheet)).toMatchInlineSnapshot(`
    "exit 2
    error: sheet.csv:4:2: "Sа2" is not a valid sample name (character 2 is U+0430)
      -> Use letters, digits, ".", "_" and "-", starting with a letter or digit, at most 128."
  `);
  expect(await list('list.txt', 'S1\nS\u{200b}2\n')).toMatchInlineSnapshot(`
    "exit 2
    error: list.txt:2:2: "S​2" is not a valid sample name (character 2 is U+200B)
      -> Use letters, digits, ".", "_" and "-", starting with a letter or digit, at most 128."
  `);
});

test('a name of 128 characters is the longest', async () => {
  expect(await list('list.txt', `${'x'.repeat(129)}\n`)).toMatchInlineSnapshot(`
    "exit 2
    error: list.txt:1:1: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" is not a valid sample name
      -> Use letters, digits, ".", "_" and "-", starting with a letter or digit, at most 128."
  `);
});

test('a list without samples', async () => {
  expect(await list('list.txt', '')).toMatchInlineSnapshot(`
    "exit 2
    error: list.txt: The sample list names no sample
      -> Write one sample name per line."
  `);
  expect(await list('list.txt', '\n# S1\n\n')).toMatchInlineSnapshot(`
    "exit 2
    error: list.txt: The sample list names no sample
      -> Write one sample name per line."
  `);
  expect(await list('sheet.csv', 'sample,txt\n')).toMatchInlineSnapshot(`
    "exit 2
    error: sheet.csv: The sample list names no sample
      -> Write one sample name per line."
  `);
  expect(await refusal(['run', LETTERS, '-s', ','], TWO_TEXTS)).toMatchInlineSnapshot(`
    "exit 2
    error: --samples: The sample list names no sample
      -> Write one sample name per line."
  `);
  expect(await refusal(['run', LETTERS, '-s', 'in/*.csv'], TWO_TEXTS)).toMatchInlineSnapshot(`
    "exit 2
    error: No file matches in/*.csv
      -> Quote the pattern, so that the shell does not expand it: --samples 'bams/*.bam'."
  `);
});

test('a list that is missing, is a folder, or was not given', async () => {
  expect(await refusal(['run', LETTERS, '-s', 'lists/samples.csv'], TWO_TEXTS)).toMatchInlineSnapshot(`
    "exit 2
    error: lists/samples.csv: There is no such sample list
      -> Give a list file, a CSV/TSV sheet, names as S1,S2, or a quoted pattern such as 'bams/*.bam'."
  `);
  expect(await refusal(['run', LETTERS, '-s', 'in'], TWO_TEXTS)).toMatchInlineSnapshot(`
    "exit 2
    error: in: The sample list is a folder
      -> To use the files in it, give a quoted pattern: --samples 'in/*'."
  `);
  expect(await refusal(['run', LETTERS], TWO_TEXTS)).toMatchInlineSnapshot(`
    "exit 2
    error: No samples are given
      -> Name them with --samples FILE, --samples S1,S2 or --samples 'bams/*.bam'."
  `);
  expect(await refusal(['samples', 'lists/samples.csv'], TWO_TEXTS)).toMatchInlineSnapshot(`
    "exit 2
    error: lists/samples.csv: There is no such sample list
      -> Give a list file, a CSV/TSV sheet, names as S1,S2, or a quoted pattern such as 'bams/*.bam'."
  `);
});

test('missing files are reported for every sample, with the line', async () => {
  const sheet = 'sample,bam,strandedness\nS1,bams/S1.bam,reverse\nS2,bams/S2.bam,reverse\n';
  expect(await refusal(['samples', 'sheet.csv'], { 'sheet.csv': sheet })).toMatchInlineSnapshot(`
    "exit 2
    error: sheet.csv:2: Sample "S1": bam <folder>/bams/S1.bam: there is no such file
      -> Check the path; a plain list of names is looked up with --inputs FOLDER.
    error: sheet.csv:3: Sample "S2": bam <folder>/bams/S2.bam: there is no such file
      -> Check the path; a plain list of names is looked up with --inputs FOLDER."
  `);
  expect(await list('list.txt', 'S1\nS3\n')).toMatchInlineSnapshot(`
    "exit 2
    error: list.txt:2: Sample "S3": txt <folder>/in/S3.txt: there is no such file
      -> Check the path; a plain list of names is looked up with --inputs FOLDER."
  `);
});

test('a sample without the file that a step needs is refused, not skipped', async () => {
  expect(await list('sheet.csv', 'sample,txt,sex\nS1,S1.txt,f\nS2,,m\n')).toMatchInlineSnapshot(`
    "exit 2
    error: sheet.csv:3: Sample "S2" has no "txt" that step sorted needs
      -> Add the column to the sample sheet, or list the files themselves."
  `);
});

test('a value that the column cannot have', async () => {
  expect(await list('sheet.csv', 'sample,txt,sex\nS1,S1.txt,female\n')).toMatchInlineSnapshot(`
    "exit 2
    error: sheet.csv:2: Sample "S1": sex cannot be "female": Invalid option: expected one of "f"|"m""
  `);
});

test('a table without a sample column, or with lines of unequal length, or an open quote', async () => {
  expect(await list('sheet.csv', 'name,txt\nS1,S1.txt\n')).toMatchInlineSnapshot(`
    "exit 2
    error: sheet.csv:1: The table has no column "sample"
      -> Name the columns in the first line, in lower case: sample,txt,sex."
  `);
  expect(await list('sheet.tsv', '# made by hand\nSample\ttxt\nS1\tS1.txt\n')).toMatchInlineSnapshot(`
    "exit 2
    error: sheet.tsv:2: The table has no column "sample"
      -> Name the columns in the first line, in lower case: sample,txt,sex."
  `);
  expect(await list('sheet.csv', 'sample,txt\nS1,S1.txt,f\n')).toMatchInlineSnapshot(`
    "exit 2
    error: sheet.csv:2: Invalid Record Length: columns length is 2, got 3 on line 2
      -> Every line needs as many cells as the first; put double quotes around a cell that contains the delimiter."
  `);
  expect(await list('sheet.csv', 'sample,txt\nS1,"S1.txt\nS2,S2.txt\n')).toMatchInlineSnapshot(`
    "exit 2
    error: sheet.csv:3: Quote Not Closed: the parsing is finished with an opening quote at line 3
      -> Every line needs as many cells as the first; put double quotes around a cell that contains the delimiter."
  `);
});
