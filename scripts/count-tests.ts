import { existsSync, readFileSync } from 'node:fs';

/** Numbers of tests by result. */
export interface Counts {
  passed: number;
  failed: number;
  /** Skipped or todo. */
  skipped: number;
}

/** The result of a test program: its exit code, and its report if it wrote one. */
export interface TestRun {
  exitCode: number;
  report: string;
}

/** Vitest's results of one file: `name` is its absolute path. */
interface FileResults {
  name: string;
  status: string;
  assertionResults: { status: string; fullName: string; failureMessages?: string[] }[];
}

interface VitestReport {
  testResults: FileResults[];
}

/** Counts from Vitest's JSON report. A file that could not be loaded counts as one failed test. */
export function countVitest({ exitCode, report }: TestRun): Counts {
  return withExitCode(addCounts(resultsOf(report).map(countFile)), existsSync(report) ? exitCode : exitCode || 1);
}

/** Files of a Vitest report in which something failed. */
export function failedFiles(report: string): string[] {
  return resultsOf(report)
    .filter(hasFailed)
    .map(({ name }) => name);
}

/** The final result of a full run once the failed files have been rerun. */
export interface Rerun {
  counts: Counts;
  /** File and name of each test that passed only when rerun. */
  flaky: string[];
}

/** The results of rerun files replace their first results. */
export function countRerun(first: TestRun, again: TestRun): Rerun {
  const later = new Map(resultsOf(again.report).map((file) => [file.name, file]));
  const files = resultsOf(first.report).map((file) => ({ first: file, last: later.get(file.name) ?? file }));
  const counts = addCounts(files.map(({ last }) => countFile(last)));
  const flaky = files.flatMap((file) => (hasFailed(file.first) && !hasFailed(file.last) ? flakyIn(file.first) : []));
  return { counts: withExitCode(counts, existsSync(again.report) ? again.exitCode : again.exitCode || 1), flaky };
}

function flakyIn({ name, assertionResults }: FileResults): string[] {
  const failed = assertionResults.filter(({ status }) => status === 'failed');
  return failed.length === 0 ? [name] : failed.map(({ fullName }) => `${name}: ${fullName}`);
}

function resultsOf(report: string): FileResults[] {
  return existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as VitestReport).testResults : [];
}

function hasFailed({ status, assertionResults }: FileResults): boolean {
  return status === 'failed' || assertionResults.some((test) => test.status === 'failed');
}

function countFile(file: FileResults): Counts {
  const number = (wanted: string) => file.assertionResults.filter(({ status }) => status === wanted).length;
  const [passed, failed] = [number('passed'), number('failed')];
  const isBroken = failed === 0 && file.status === 'failed';
  return { passed, failed: failed + Number(isBroken), skipped: file.assertionResults.length - passed - failed };
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

/** `12 passed, 0 failed`, and `, 1 skipped` if any were skipped. */
export function countsText({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** A program that fails without a failed test (an error between tests) counts as one failed test. */
function withExitCode(counts: Counts, exitCode: number): Counts {
  return exitCode !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}
