import { existsSync, readFileSync } from 'node:fs';

/** How many tests did what. */
export interface Counts {
  passed: number;
  failed: number;
  /** Skipped or to do. */
  skipped: number;
}

/** What a test program left: its exit code, and its report if it got as far. */
export interface TestRun {
  exitCode: number;
  report: string;
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
}

/** Counts from Vitest's JSON report. A file that could not be loaded counts as one failed test. */
export function countVitest({ exitCode, report }: TestRun): Counts {
  if (!existsSync(report)) return withExitCode({ passed: 0, failed: 0, skipped: 0 }, exitCode || 1);
  const found = JSON.parse(readFileSync(report, 'utf8')) as VitestReport;
  const broken = found.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = found.numFailedTests + broken.length;
  return withExitCode(
    { passed: found.numPassedTests, failed, skipped: found.numPendingTests + found.numTodoTests },
    exitCode,
  );
}

/** Counts from the attributes of the `<testsuite>` elements of a JUnit report, as pytest writes it. */
export function countJunit({ exitCode, report }: TestRun): Counts {
  const xml = existsSync(report) ? readFileSync(report, 'utf8') : '';
  const suites = [...xml.matchAll(/<testsuite\s[^>]*>/g)].map(([tag]) => tag);
  const sum = (name: string) =>
    suites.reduce((total, tag) => total + Number(new RegExp(`\\s${name}="(\\d+)"`).exec(tag)?.[1] ?? 0), 0);
  const failed = sum('failures') + sum('errors');
  const skipped = sum('skipped');
  const passed = sum('tests') - failed - skipped;
  return withExitCode({ passed, failed, skipped }, suites.length > 0 ? exitCode : exitCode || 1);
}

export function addCounts(all: readonly Counts[]): Counts {
  const total = (key: keyof Counts) => all.reduce((sum, counts) => sum + counts[key], 0);
  return { passed: total('passed'), failed: total('failed'), skipped: total('skipped') };
}

/** `12 passed, 0 failed`, and `, 1 skipped` if there are such. */
export function countsText({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** A program that says that it failed, with no test that did (an error between tests), counts as one failed test. */
function withExitCode(counts: Counts, exitCode: number): Counts {
  return exitCode !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}
