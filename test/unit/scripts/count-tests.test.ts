import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  addCounts,
  countJunit,
  countRerun,
  countsText,
  countVitest,
  failedFiles,
} from '../../../scripts/count-tests.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'counts-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function report(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

/** A report as Vitest writes it, with the parts that are counted. */
function vitestReport(files: { name?: string; status: string; tests: string[] }[], name = 'vitest.json'): string {
  const testResults = files.map((file) => ({
    name: file.name ?? '/a.test.ts',
    status: file.status,
    assertionResults: file.tests.map((status, i) => ({ status, fullName: `test ${i}` })),
  }));
  return report(name, JSON.stringify({ testResults }));
}

describe('a run of Vitest', () => {
  test('is counted test by test', () => {
    const file = vitestReport([{ status: 'failed', tests: ['passed', 'passed', 'failed', 'skipped', 'todo'] }]);
    expect(countVitest({ exitCode: 1, report: file })).toEqual({ passed: 2, failed: 1, skipped: 2 });
  });

  test('with a file that cannot be loaded has one more failure', () => {
    const file = vitestReport([
      { status: 'passed', tests: ['passed'] },
      { status: 'failed', tests: [] },
    ]);
    expect(countVitest({ exitCode: 1, report: file })).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  test('that ends in an error between tests has failed', () => {
    const file = vitestReport([{ status: 'passed', tests: ['passed'] }]);
    expect(countVitest({ exitCode: 1, report: file })).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  test('without a report has failed, whatever its exit code', () => {
    const file = join(folder, 'absent.json');
    expect(countVitest({ exitCode: 0, report: file })).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

describe('files that failed and were rerun', () => {
  const first = () =>
    vitestReport(
      [
        { name: '/a.test.ts', status: 'failed', tests: ['passed', 'failed'] },
        { name: '/b.test.ts', status: 'failed', tests: [] },
        { name: '/c.test.ts', status: 'passed', tests: ['passed'] },
      ],
      'first.json',
    );
  const again = (status: 'passed' | 'failed') =>
    vitestReport(
      [
        { name: '/a.test.ts', status, tests: ['passed', status] },
        { name: '/b.test.ts', status: 'passed', tests: ['passed'] },
      ],
      'again.json',
    );

  test('are named', () => {
    expect(failedFiles(first())).toEqual(['/a.test.ts', '/b.test.ts']);
  });

  test('count with their second results, and are named as flaky if they passed then', () => {
    const rerun = countRerun({ exitCode: 1, report: first() }, { exitCode: 0, report: again('passed') });
    expect(rerun).toEqual({
      counts: { passed: 4, failed: 0, skipped: 0 },
      flaky: ['/a.test.ts: test 1', '/b.test.ts'],
    });
  });

  test('that fail again have failed', () => {
    const rerun = countRerun({ exitCode: 1, report: first() }, { exitCode: 1, report: again('failed') });
    expect(rerun).toEqual({ counts: { passed: 3, failed: 1, skipped: 0 }, flaky: ['/b.test.ts'] });
  });

  test('that leave no report have failed as they did first', () => {
    const rerun = countRerun({ exitCode: 1, report: first() }, { exitCode: 0, report: join(folder, 'absent.json') });
    expect(rerun).toEqual({ counts: { passed: 2, failed: 2, skipped: 0 }, flaky: [] });
  });
});

describe('a run of pytest', () => {
  const suite = (attributes: string) =>
    report(
      'junit.xml',
      `<?xml version="1.0"?><testsuites><testsuite ${attributes}><testcase/></testsuite></testsuites>`,
    );

  test('is counted from its report', () => {
    const file = suite('name="pytest" errors="1" failures="2" skipped="3" tests="10" time="1.5"');
    expect(countJunit({ exitCode: 1, report: file })).toEqual({ passed: 4, failed: 3, skipped: 3 });
  });

  test('without a report has failed', () => {
    const file = join(folder, 'absent.xml');
    expect(countJunit({ exitCode: 0, report: file })).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

test('counts are added and printed', () => {
  const all = addCounts([
    { passed: 3, failed: 0, skipped: 0 },
    { passed: 4, failed: 1, skipped: 2 },
  ]);
  expect(countsText(all)).toBe('7 passed, 1 failed, 2 skipped');
  expect(countsText({ passed: 7, failed: 0, skipped: 0 })).toBe('7 passed, 0 failed');
});
