import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const CFN_LINT = join(ROOT, '.cache/aws-venv/bin/cfn-lint');
const TEMPLATE = join(ROOT, 'src/deploy/stack/stack.yaml');

let folder: string;
beforeAll(() => {
  execFileSync(join(ROOT, 'test/stack/aws/install.sh'), ['python'], { stdio: ['ignore', 'ignore', 'inherit'] });
  folder = mkdtempSync(join(tmpdir(), 'template-'));
}, 900_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** cfn-lint tries every combination of conditions that can hold. */
function lint(text: string): { status: number | null; output: string } {
  const file = join(folder, 'stack.yaml');
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync(CFN_LINT, ['--include-checks', 'I', '--template', file], {
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

const template = readFileSync(TEMPLATE, 'utf8');

test('cfn-lint finds nothing in the template', () => {
  expect(lint(template)).toEqual({ status: 0, output: '' });
});

test('cfn-lint finds planted errors: a misspelt property, an invalid value, a resource that may be missing', () => {
  const planted = [
    ['HttpTokens: required', 'HttpTokens: perhaps'],
    ['RestrictPublicBuckets: true', 'RestrictPublicBucket: true'],
    ['    Value: !If [MakesRoles, !GetAtt JobRole.Arn, !Ref JobRoleArn]', '    Value: !GetAtt JobRole.Arn'],
  ].reduce((text, [right = '', wrong = '']) => {
    expect(text).toContain(right);
    return text.replace(right, wrong);
  }, template);
  const { status, output } = lint(planted);
  expect(status).not.toBe(0);
  expect(output).toMatch(/'perhaps' is not one of/);
  expect(output).toMatch(/'RestrictPublicBucket' was unexpected/);
  expect(output).toMatch(/JobRole.*(is not|may not|unavailable|condition)/i);
});
