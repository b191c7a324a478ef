import { copyFileSync, linkSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ExitCode, PipelineError } from '../../errors.ts';
import { presentResults } from '../../run/present-results.ts';
import { endSteps, listResults, removedResults, type ResultFile } from '../../run/results.ts';
import { findRun, readManifest } from '../../ledger/run-store.ts';
import { readTaskTable } from '../../ledger/task-table.ts';
import { hashObject } from '../../store/hash-file.ts';
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
  const damaged = flags.verify ? await verify(store, files) : undefined;
  const isCopied = flags.to !== undefined && !damaged?.size;
  if (isCopied) {
    await exportResults(store, files, flags.to as string);
    notice(`${count(files.length, 'file')} of run ${manifest.run} under ${flags.to}`);
  } else if (flags.to !== undefined) notice('Nothing was copied.');
  const located = files.map((file) => ({
    ...file,
    location: store.localPath(file.location) ?? `${store.url.replace(/\/$/, '')}/${file.location}`,
    ...(damaged ? { intact: !damaged.has(file) } : {}),
    ...(isCopied ? { copy: targetOf(file, flags.to as string) } : {}),
  }));
  if (flags.json) printJson(located);
  else if (!damaged && !isCopied) print(locationsText(located));
  return damaged?.size ? ExitCode.environment : ExitCode.ok;
}

function locationsText(files: readonly ResultFile[]): string {
  return columns([
    ['sample', 'step', 'file', 'location'],
    ...files.map(({ sample, step, name, location }) => [sample, step, name, location]),
  ]);
}

function targetOf(file: ResultFile, folder: string): string {
  return join(folder, file.sample, file.step, basename(file.location));
}

/** Puts files under `<folder>/<sample>/<step>/`; what is there already under the same name is replaced. */
export async function exportResults(store: Store, files: readonly ResultFile[], folder: string): Promise<void> {
  for (const file of files) {
    const target = targetOf(file, folder);
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

/** Compares every file with its checksum, tells, and answers those that are damaged. */
async function verify(store: Store, files: readonly ResultFile[]): Promise<Set<ResultFile>> {
  const bad = new Set<ResultFile>();
  for (const file of files) if (!(await isIntact(store, file))) bad.add(file);
  for (const { sample, step, location } of bad) notice(`damaged: ${sample} ${step} ${location}`);
  notice(
    bad.size === 0
      ? `${count(files.length, 'file')} verified by checksum.`
      : `${bad.size} of ${count(files.length, 'file')} damaged; remove them and run again.`,
  );
  return bad;
}

async function isIntact(store: Store, file: ResultFile): Promise<boolean> {
  const local = store.localPath(file.location);
  if (local !== undefined && statSync(local, { throwIfNoEntry: false })?.size !== file.size) return false;
  if (!(await store.head(file.location))) return false;
  return (await hashObject(store, file.location)) === file.sha256;
}
