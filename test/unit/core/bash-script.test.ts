import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { ShellValue } from '../../../src/pipeline/shell.ts';
import { bashArgv, bashFailures, whereFailed } from '../../../src/runner/bash-script.ts';

const folder = mkdtempSync(join(tmpdir(), 'batch-pipeline-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
const report = join(folder, 'report');

function run(template: TemplateStringsArray, ...values: readonly ShellValue[]): string {
  const [file = '', ...args] = bashArgv(template, values, report);
  try {
    return execFileSync(file, args, { encoding: 'utf8' });
  } finally {
    rmSync(report, { force: true });
  }
}

/** Exit code, and what of the script failed. */
function fails(template: TemplateStringsArray, ...values: readonly ShellValue[]) {
  const [file = '', ...args] = bashArgv(template, values, report);
  const { status } = spawnSync(file, args, { encoding: 'utf8' });
  const [failed] = bashFailures(report);
  expect(existsSync(report)).toBe(false);
  return { status, failed: failed && whereFailed(failed) };
}

describe('a bash script', () => {
  test('has every value as one argument, an array as several', () => {
    expect(run`printf '%s\n' ${'a b'} I=${"it's"}x ${['c', '$(d)', 1]} ${[]} ${''} "$#" | cat -A`).toBe(
      "a b$\nI=it'sx$\nc$\n$(d)$\n1$\n$\n0$\n",
    );
    expect(run`x=$(echo ${'a  b'}); echo "$x" \${x} \`echo y\``).toBe('a  b a b y\n');
    const value = fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => !/[\0\ud800-\udfff]/.test(text));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), (some) => {
        expect(run`printf '%s\0' ${some} | cat`).toBe(some.map((text) => `${text}\0`).join(''));
      }),
      { numRuns: 20 },
    );
  });

  test('fails when any part of it fails, and names it', () => {
    expect(fails`true | nosuch | cat`).toEqual({ status: 127, failed: ' in line 1: exit codes 0 | 127 | 0' });
    expect(fails`
      true
      false
      true`).toEqual({ status: 1, failed: ' in line 3' });
    expect(fails`x=$(echo y; false; true); echo "$x"`).toMatchObject({ status: 1 });
    expect(fails`echo "$nosuch"`).toMatchObject({ status: 1 });
    expect(fails`sleep 0.1 | bash -c 'kill -9 $$' | cat`).toMatchObject({
      failed: ' in line 1: exit codes 0 | 137 | 0',
    });
    expect(fails`cat <(nosuch)`).toEqual({ status: 0, failed: ' in line 1' });
    expect(fails`{ nosuch | cat; } 2>/dev/null`).toMatchObject({ failed: ' in line 1: exit codes 127 | 0' });
  });

  test('continues after a failure that is explicitly allowed', () => {
    expect(fails`false || true; if false; then echo; fi; x=$(false) || true; ! grep x /dev/null`).toEqual({
      status: 0,
      failed: undefined,
    });
    expect(fails`{ yes || true; } | head -1`).toEqual({ status: 0, failed: undefined });
  });

  test('needs no quotes around a value', () => {
    expect(() => run`echo "${'x'}"`).toThrow('${…} number 1 in $.bash is inside quotes');
    expect(() => run`echo ${'x'} | awk '{ print ${'y'} }'`).toThrow('${…} number 2 in $.bash is inside quotes');
    expect(
      () => run`cat <<EOF
${'x'}
EOF`,
    ).toThrow('follows a <<');
    expect(run`cat <<<${'x y'}; echo it\'s "a 'b" ${'c'} # it's ${'d'}
      echo '"' ${'e'}`).toBe("x y\nit's a 'b c\n\" e\n");
  });

  test('accepts values of any length', () => {
    const long = 'x'.repeat(100_000);
    expect(run`echo ${[long, long, long]} | wc -c`.trim()).toBe(String(3 * long.length + 3));
  });
});
