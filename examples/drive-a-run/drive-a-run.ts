/**
 * Drives a run from a program of one's own, with no command line: plans, starts, cancels, retries, watches, reads.
 *
 *     node examples/drive-a-run/drive-a-run.ts STORE
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRun, openWorkspace, planRun, type RunEvent } from 'batch-pipeline';

const [store = './batch-pipeline-store'] = process.argv.slice(2);
const workspace = await openWorkspace({ store, environment: process.env });
const marker = join(mkdtempSync(join(tmpdir(), 'copied-')), 'all');

const request = {
  pipeline: join(import.meta.dirname, 'pipeline.ts'),
  samples: join(import.meta.dirname, '../data/*.txt'),
  params: { marker },
  engine: { engine: 'local', flags: { cpus: '2' } },
};

// Planning looks at samples, store and engine, and changes nothing.
const plan = await planRun(workspace, request);
console.log('plan', plan.counts);

// A run of the local engine works in this process: somebody has to watch it.
const run = await plan.start();
if (!run) throw new Error('The store is not fresh: nothing is to be done');
const watching = run.watch();
const { cancelled } = await run.cancel();
console.log(run.id, { cancelled }, unfinished((await watching).summary));
await run.close();

// Everything is in the store: any program can continue from there.
writeFileSync(marker, '');
const again = await openRun(workspace, run.id);
if (await again.retry()) {
  const { summary } = await again.watch({ onEvent: show });
  console.log(again.id, unfinished(summary));
}

const { files } = await again.results();
for (const { sample, name } of files) console.log(sample, name);
console.log('damaged', (await again.verify(files)).size);
await again.close();

// The same request again: nothing is left to do.
const later = await planRun(workspace, request);
console.log('later', later.counts, (await later.start()) ?? 'nothing to do');
await later.close();

function show(event: RunEvent): void {
  if (event.kind === 'task-failed') console.log('failed', event.sample, event.step, event.cause);
  if (event.kind === 'finished') console.log('finished', event.run);
}

function unfinished(summary: { succeeded: number; unfinished: number }): string {
  return `${summary.succeeded} succeeded, ${summary.unfinished} unfinished`;
}
