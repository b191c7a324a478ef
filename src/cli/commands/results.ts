import { createHash } from 'node:crypto';
import { copyFileSync, linkSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ExitCode, PipelineError } from '../../errors.ts';
import { presentResults } from '../../run/present-results.ts';
import { endSteps, listResults, removedResults, type ResultFile } from '../../run/results.ts';
import { findRun, readManifest } from '../../run/run-store.ts';
import { readTaskTable } from '../../ledger/task-table.ts';
import type { Store } from '../../store/store.ts';
import { columns, count } from '../../views/columns.ts';
import { makeFolder } from '../make-folder.ts';
import { notice, print, printJson } from '../print.ts';
import { openSession, storeUrl } from '../session.ts';

export interface ResultsFlags {
  store?: string;
  json?: boolean;
  step?: string[];
  to?: string;
  verify?: boolean;
}

/** `batch-pipeline results [RUN]` */
export async function resultsCommand(name: string | undefined, flags: ResultsFlags): Promise<ExitCode> {
  const { store } = await openSession(storeUrl(flags));
  const manifest = await readManifest(store, await findRun(store, name));
  const table = await readTaskTable(store, manifest);
  const known = manifest.steps.map((step) => step.name);
  const unknown = flags.step?.find((step) => !known.includes(step));
  if (unknown !== undefined)
    throw new PipelineError({
      code: 'step-unknown',
      message: `There is no step "${unknown}"`,
      hint: `Steps: ${known.join(', ')}.`,
    });
  const steps = flags.step ?? endSteps(manifest);
  const { present: files, gone } = await presentResults(store, manifest, await listResults(store, table, steps));
  const removed = removedResults(table, steps);
  for (const { step, sample } of gone) removed.set(step, new Set(removed.get(step)).add(sample));
  for (const [step, samples] of removed) notice(`${step}: the files of ${count(samples.size, 'sample')} were removed.`);
  if (flags.verify) return verify(store, files);
  if (flags.to !== undefined) {
    await exportResults(store, files, flags.to);
    notice(`${count(files.length, 'file')} of run ${manifest.run} under ${flags.to}`);
    return ExitCode.ok;
  }
  const located = files.map((file) => ({
    ...file,
    location: store.localPath(file.location) ?? `${store.url.replace(/\/$/, '')}/${file.location}`,
  }));
  if (flags.json) printJson(located);
  else
    print(
      columns([
        ['sample', 'step', 'file', 'location'],
        ...located.map(({ sample, step, name: file, location }) => [sample, step, file, location]),
      ]),
    );
  return ExitCode.ok;
}

/** Puts files under `<folder>/<sample>/<step>/`; what is there already under the same name is replaced. */
export async function exportResults(store: Store, files: readonly ResultFile[], folder: string): Promise<void> {
  for (const file of files) {
    const target = join(folder, file.sample, file.step, basename(file.location));
    makeFolder(join(target, '..'));
    rmSync(target, { force: true });
    const local = store.localPath(file.location);
    if (local === undefined)
      await store.getFile(file.location, target, file.sha256 === undefined ? {} : { sha256: file.sha256 });
    else linkOrCopy(local, target);
  }
}

/** A copy, not a link, would double the disk; but a link needs the same disk. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

async function verify(store: Store, files: readonly ResultFile[]): Promise<ExitCode> {
  const bad: ResultFile[] = [];
  for (const file of files) if (!(await isIntact(store, file))) bad.push(file);
  for (const { sample, step, location } of bad) notice(`damaged: ${sample} ${step} ${location}`);
  notice(
    bad.length === 0
      ? `${count(files.length, 'file')} verified by checksum.`
      : `${bad.length} of ${count(files.length, 'file')} damaged; remove them and run again.`,
  );
  return bad.length === 0 ? ExitCode.ok : ExitCode.environment;
}

async function isIntact(store: Store, file: ResultFile): Promise<boolean> {
  const local = store.localPath(file.location);
  if (local !== undefined && statSync(local, { throwIfNoEntry: false })?.size !== file.size) return false;
  if (!(await store.head(file.location))) return false;
  const hash = createHash('sha256');
  for await (const chunk of await store.stream(file.location)) hash.update(chunk as Uint8Array);
  return hash.digest('hex') === file.sha256;
}
