/**
 * Runs all tests, and says last how many passed and failed.
 *
 *   npm test                                  everything, also the tests of the services that the tests use
 *   npm test -- --project unit                what Vitest makes of these arguments
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { addCounts, countJunit, countsText, countVitest, type TestRun } from './count-tests.ts';

const ROOT = resolve(import.meta.dirname, '..');
const REPORTS = join(ROOT, '.cache/test-reports');
const SERVICE_TESTS = join(ROOT, 'test/stack/aws/check.sh');

const vitestArguments = process.argv.slice(2);
rmSync(REPORTS, { recursive: true, force: true });
mkdirSync(REPORTS, { recursive: true });
const counts = [countVitest(runVitest())];
if (vitestArguments.length === 0 && existsSync(SERVICE_TESTS)) counts.push(countJunit(runServiceTests()));
const total = addCounts(counts);
writeFileSync(join(REPORTS, 'counts.json'), `${JSON.stringify(total)}\n`);
console.log(countsText(total));
process.exitCode = total.failed > 0 ? 1 : 0;

function runVitest(): TestRun {
  const report = join(REPORTS, 'vitest.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  return run(report, process.execPath, vitest, 'run', ...reporters, ...vitestArguments);
}

function runServiceTests(): TestRun {
  const report = join(REPORTS, 'services.xml');
  return run(report, SERVICE_TESTS, `--junitxml=${report}`);
}

function run(report: string, command: string, ...args: string[]): TestRun {
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  return { exitCode: status ?? 1, report };
}
