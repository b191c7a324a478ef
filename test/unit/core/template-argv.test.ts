import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ShellValue } from '../../../src/pipeline/shell.ts';
import { templateArgv } from '../../../src/runner/template-argv.ts';

function argv(template: TemplateStringsArray, ...values: readonly ShellValue[]): string[] {
  return templateArgv(template, values);
}

/** As a template literal would call it. */
function call(texts: readonly string[], values: readonly ShellValue[]): string[] {
  return templateArgv(Object.assign([...texts], { raw: texts }), values);
}

test('the template is cut at white space, values are not', () => {
  expect(argv`wc -w ${'my file.txt'}`).toEqual(['wc', '-w', 'my file.txt']);
  expect(argv`I=${'a b'} O=${'c'}.bam x`).toEqual(['I=a b', 'O=c.bam', 'x']);
  expect(argv`
    kallisto quant
      -t ${8}  ${'a'}${'b'}
  `).toEqual(['kallisto', 'quant', '-t', '8', 'ab']);
  expect(argv`echo ${'$(rm -rf /)'} ${'; ls'} ${"'"} ${'"'} ${'\\'} ${'*'}`).toEqual([
    ...['echo', '$(rm -rf /)', '; ls', "'", '"', '\\', '*'],
  ]);
});

test('an empty value is an empty argument, an empty array none', () => {
  expect(argv`tool ${''} x`).toEqual(['tool', '', 'x']);
  expect(argv`tool ${[]} x`).toEqual(['tool', 'x']);
  expect(argv`tool -o=${''}`).toEqual(['tool', '-o=']);
  expect(argv`tool -o=${[]} x`).toEqual(['tool', '-o=', 'x']);
  expect(argv`tool a${[]}b`).toEqual(['tool', 'ab']);
});

test('an array is several arguments, glued at its ends to what it touches', () => {
  expect(argv`tool ${['a b', 'c']} ${[1, 2]}`).toEqual(['tool', 'a b', 'c', '1', '2']);
  expect(argv`tool x${['a', 'b']}y`).toEqual(['tool', 'xa', 'by']);
  expect(argv`${['java', '-jar']} SamToFastq`).toEqual(['java', '-jar', 'SamToFastq']);
});

test('no value is ever split, lost or swapped, whatever it holds', () => {
  const text = fc.stringMatching(/^[a-z= \n\t]{0,6}$/);
  const values = fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 6 });
  fc.assert(
    fc.property(values, fc.infiniteStream(text), (some, texts) => {
      const parts = [...texts.take(some.length + 1)];
      // Every value as one character that is no white space, then cut, then put back.
      const marked = parts.map((part, i) => part + (i < some.length ? String.fromCharCode(0xe000 + i) : '')).join('');
      const expected = marked
        .split(/[ \n\t]+/)
        .filter((word) => word !== '')
        .map((word) => word.replaceAll(/[\ue000-\ue0ff]/g, (mark) => String(some[mark.charCodeAt(0) - 0xe000])));
      expect(call(parts, some)).toEqual(expected);
    }),
  );
});
