import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { styleText } from 'node:util';
import { compareWithTruth, type FoundFusion } from '../../../pipelines/fusion/demo/compare-with-truth.ts';
import { comparisonTable } from '../../../pipelines/fusion/demo/comparison-table.ts';
import { type DemoCohort, makeDemoCohort } from '../../../pipelines/fusion/demo/demo-cohort.ts';
import { foundInPizzlyJson } from '../../../pipelines/fusion/demo/found-fusions.ts';
import { parseTruth } from '../../../pipelines/fusion/demo/truth.ts';
import { ExitCode } from '../../errors.ts';
import { listResults } from '../../run/results.ts';
import { endSteps } from '../../run/results.ts';
import { findRun, readManifest } from '../../ledger/run-store.ts';
import { readTaskTable } from '../../ledger/task-table.ts';
import { openStore } from '../../store/open-store.ts';
import type { Store } from '../../store/store.ts';
import { notice, print, printJson } from '../print.ts';
import { exportResults } from './results.ts';
import { runCommand } from './run.ts';

export interface DemoFlags {
  json?: boolean;
  spikeIn?: string;
}

/** Small samples need little: several run at a time on a small machine. */
const SMALL = ['reference', 'picard', 'kallisto', 'pizzly', 'gather'].flatMap((step) => [
  `${step}.memory=1GB`,
  `${step}.cpus=1`,
]);

/** `batch-pipeline demo`: exits with 0 if the known fusions were found, and the broken sample alone has failed. */
export async function demoCommand(folder: string, flags: DemoFlags): Promise<ExitCode> {
  const root = resolve(folder);
  const spikeInFolder = flags.spikeIn ?? join(root, '..', '.cache', 'spike-in');
  notice(styleText('bold', 'Making a cohort with known fusions'));
  const cohort = await makeDemoCohort({
    folder: join(root, 'cohort'),
    ...(existsSync(spikeInFolder) ? { spikeInFolder } : {}),
    onProgress: (line) => notice(`  ${line}`),
  });
  for (const note of cohort.notes) notice(`  ${note}`);
  notice(styleText('bold', '\nRunning the fusion pipeline on it'));
  // As the user would write it, for the commands that are suggested.
  const store = relative('.', join(root, 'store'));
  const code = await runCommand('fusion', {
    ...{ store, engine: 'local', samples: cohort.sampleSheet, set: SMALL },
    referenceFile: [`fasta=${cohort.fasta}`, `gtf=${cohort.gtf}`],
  });
  if (code !== ExitCode.ok && code !== ExitCode.samplesFailed) return code;
  return tellFindings(await openStore(store), cohort, root, flags.json ?? false);
}

async function tellFindings(store: Store, cohort: DemoCohort, root: string, json: boolean): Promise<ExitCode> {
  const manifest = await readManifest(store, await findRun(store));
  const table = await readTaskTable(store, manifest);
  const found = new Map<string, readonly FoundFusion[]>();
  for (const { sample, name, location } of await listResults(store, table, ['pizzly'])) {
    const body = name === 'json' ? await store.read(location) : undefined;
    if (body) found.set(sample, foundInPizzlyJson(new TextDecoder().decode(body), location));
  }
  const comparison = compareWithTruth(found, parseTruth(readFileSync(cohort.truth, 'utf8')));
  const results = join(root, 'results');
  await exportResults(store, await listResults(store, table, endSteps(manifest)), results);
  if (json) printJson(comparison);
  else {
    print(`\n${styleText('bold', 'Fusions found against fusions put in')}\n`);
    print(comparisonTable(comparison, { stream: process.stdout }));
    print(
      `\nCohort tables  ${join(results, 'cohort', 'gather')}\nPer sample     ${results}/<sample>/pizzly\nRecords, logs  ${root}/store`,
    );
    print(`\nNext: batch-pipeline --store ${relative('.', join(root, 'store'))} logs broken-1`);
  }
  return comparison.asExpected ? ExitCode.ok : ExitCode.samplesFailed;
}
