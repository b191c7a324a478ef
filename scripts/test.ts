/**
 * Runs all tests, and ends with the number of passed and failed tests.
 *
 *   npm test                                  everything, also the tests of the services that the tests use
 *   npm test -- --project unit                arguments for Vitest
 *
 * In a full run, a failing file is run once more, alone: on a machine with two cores, tests of services and of killed
 * processes meet delays that our code cannot rule out. Tests that pass only then are printed as flaky, by name.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  addCounts,
  countJunit,
  countRerun,
  countsText,
  countVitest,
  type Counts,
  failedFiles,
  type TestRun,
} from './count-tests.ts';

const ROOT = resolve(import.meta.dirname, '..');
const REPORTS = join(ROOT, '.cache/test-reports');
const SERVICE_TESTS = join(ROOT, 'test/stack/aws/check.sh');

/** With more failing files than this, it is not a coincidence. */
const MOST_RERUN = 5;

const vitestArguments = process.argv.slice(2);
const isWhole = vitestArguments.length === 0;
rmSync(REPORTS, { recursive: true, force: true });
mkdirSync(REPORTS, { recursive: true });
const counts = [runAll()];
if (isWhole && existsSync(SERVICE_TESTS)) counts.push(countJunit(runServiceTests()));
const total = addCounts(counts);
writeFileSync(join(REPORTS, 'counts.json'), `${JSON.stringify(total)}\n`);
console.log(countsText(total));
process.exitCode = total.failed > 0 ? 1 : 0;

function runAll(): Counts {
  const first = runVitest('vitest.json', vitestArguments);
  const failed = failedFiles(first.report);
  if (!isWhole || failed.length === 0 || failed.length > MOST_RERUN) return countVitest(first);
  console.log(`Rerunning, alone: ${failed.join(', ')}`);
  const rerun = countRerun(first, runVitest('again.json', ['--maxWorkers=1', ...failed]));
  for (const test of rerun.flaky) console.log(`flaky: ${test}`);
  return rerun.counts;
}

function runVitest(name: string, args: readonly string[]): TestRun {
  const report = join(REPORTS, name);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  return run(report, process.execPath, vitest, 'run', ...reporters, ...args);
}

function runServiceTests(): TestRun {
  const report = join(REPORTS, 'services.xml');
  return run(report, SERVICE_TESTS, `--junitxml=${report}`);
}

function run(report: string, command: string, ...args: string[]): TestRun {
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  return { exitCode: status ?? 1, report };
}
