/** Final line of .ci/run: the counts of the tests, plus one failure for each stage named by an argument. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { addCounts, type Counts, countsText } from './count-tests.ts';

const REPORT = resolve(import.meta.dirname, '../.cache/test-reports/counts.json');

const failedStages = process.argv.slice(2);
const hasReport = existsSync(REPORT);
if (!hasReport) failedStages.push('tests (they left no counts)');
const tests: Counts = hasReport
  ? (JSON.parse(readFileSync(REPORT, 'utf8')) as Counts)
  : { passed: 0, failed: 0, skipped: 0 };
const total = addCounts([tests, { passed: 0, failed: failedStages.length, skipped: 0 }]);
if (failedStages.length > 0) console.log(`Failed, besides tests: ${failedStages.join(', ')}`);
console.log(countsText(total));
process.exitCode = total.failed > 0 ? 1 : 0;
