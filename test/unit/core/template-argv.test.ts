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

test('the template is split at white space, values are not', () => {
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

test('no value is ever split, lost or swapped, whatever it contains', () => {
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

test('quotes and backslashes in the template mean what they mean in a shell', () => {
  expect(argv`awk -F '\t' '{print $1}' "a b"${'c'} ''`).toEqual(['awk', '-F', '\\t', '{print $1}', 'a bc', '']);
  expect(argv`grep 'a|b' "x > y" '*' \* \| "it's" a\ b "\"" '$(x)'`).toEqual([
    ...['grep', 'a|b', 'x > y', '*', '*', '|', "it's", 'a b', '"', '$(x)'],
  ]);
  expect(argv`echo 'x ${'a b'} y' "${[1, 2]}" \
    '\`z\`'`).toEqual(['echo', 'x a b y', '1 2', '`z`']);
  expect(() => argv`echo it's`).toThrow("A ' in a $ template is never closed");
});

test('what only a shell understands is refused', () => {
  for (const refused of [
    ...[
      'a | b',
      'a |b',
      'a x|y',
      'a || b',
      'a && b',
      'a & b',
      'cd x; ls',
      'a ; b',
      'a > b',
      'a >b',
      'a >> b',
      'a 2>&1',
      'a 2> b',
    ],
    ...['a < b', 'a <<< b', 'a &> b', 'a |& b', 'a <(b)', 'ls *', 'ls *.bam', 'ls a/*', 'a $(b)', 'a $HOME', 'a `b`'],
  ])
    expect(() => call([refused], []), refused).toThrow('without a shell to interpret this');
  for (const fine of ['a - -- -x=1 +y @z', 'a NM<5', 'http://x?a=1&b=2', 'a {1}', 'a ^x$', 'a #b', 'a ~'])
    expect(call([fine], []), fine).toEqual(fine.split(' '));
});

test('a pipe in the script of a shell needs pipefail', () => {
  const script = 'cat x | nosuch | wc -l';
  expect(() => argv`bash -c ${script}`).toThrow('A pipe in bash -c hides the failure of all its parts but the last');
  expect(() => argv`/bin/sh -ec ${script}`).toThrow('hides the failure');
  expect(() => argv`bash -c 'a | b'`).toThrow('hides the failure');
  for (const fine of ['a || b', "grep 'a|b' x", 'echo "a | b"', 'a # b | c', 'set -o pipefail; a | b', 'a >| b'])
    expect(argv`bash -c ${fine}`, fine).toEqual(['bash', '-c', fine]);
  expect(argv`bash -o pipefail -c ${script}`).toHaveLength(5);
  expect(argv`grep -c ${'a | b'}`).toEqual(['grep', '-c', 'a | b']);
});
