import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { styleText } from 'node:util';
import { BUILT_IN, DEFAULT_PIPELINE } from '../../../pipelines/catalog.ts';
import type { Demo, DemoCohort } from '../../../pipelines/demo.ts';
import { ExitCode } from '../../errors.ts';
import { openRun } from '../../run/run.ts';
import type { Workspace } from '../../run/workspace.ts';
import { notice, print, printJson } from '../print.ts';
import { openSession } from '../session.ts';
import { runCommand } from './run.ts';

export interface DemoFlags {
  json?: boolean;
  spikeIn?: string;
}

/** `batch-pipeline demo`: exits with 0 if the results are as expected, and only the broken sample has failed. */
export async function demoCommand(folder: string, flags: DemoFlags): Promise<ExitCode> {
  const demo = await BUILT_IN[DEFAULT_PIPELINE]?.demo?.load();
  if (!demo) throw new TypeError(`Pipeline ${DEFAULT_PIPELINE} has no demo`);
  const root = resolve(folder);
  const spikeInFolder = flags.spikeIn ?? join(root, '..', '.cache', 'spike-in');
  notice(styleText('bold', demo.titles.make));
  const cohort = await demo.make({
    folder: join(root, 'cohort'),
    ...(existsSync(spikeInFolder) ? { spikeInFolder } : {}),
    onProgress: (line) => notice(`  ${line}`),
  });
  for (const note of cohort.notes) notice(`  ${note}`);
  notice(styleText('bold', `\n${demo.titles.run}`));
  // As the user would write it, for the commands that are suggested.
  const store = relative('.', join(root, 'store'));
  const code = await runCommand(DEFAULT_PIPELINE, {
    ...{ store, engine: 'local', samples: cohort.sampleSheet },
    set: [...cohort.settings],
    referenceFile: [...cohort.referenceFiles],
  });
  if (code !== ExitCode.ok && code !== ExitCode.samplesFailed) return code;
  return printComparison(await openSession(store), { demo, cohort, root, json: flags.json ?? false });
}

interface MadeDemo {
  demo: Demo;
  cohort: DemoCohort;
  root: string;
  json: boolean;
}

async function printComparison(workspace: Workspace, { demo, cohort, root, json }: MadeDemo): Promise<ExitCode> {
  const run = await openRun(workspace);
  const found = new Map<string, { text: string; location: string }>();
  for (const { sample, name, location } of (await run.results([demo.compares.step])).files) {
    const body = name === demo.compares.output ? await workspace.store.read(location) : undefined;
    if (body) found.set(sample, { text: new TextDecoder().decode(body), location });
  }
  const comparison = demo.compare(cohort, found);
  const results = join(root, 'results');
  await run.copyResults((await run.results()).files, results);
  if (json) printJson(comparison.json);
  else {
    print(`\n${styleText('bold', demo.titles.compare)}\n`);
    print(comparison.table(process.stdout));
    print(['', ...comparison.whereToLook(results), `Records, logs  ${root}/store`].join('\n'));
    print(`\nNext: batch-pipeline --store ${relative('.', join(root, 'store'))} logs ${cohort.failing}`);
  }
  return comparison.asExpected ? ExitCode.ok : ExitCode.samplesFailed;
}
