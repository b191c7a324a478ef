import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ExitCode, PipelineError } from '../../errors.ts';
import { isSampleName } from '../../samples/sample-sheet.ts';
import { addReference, listReferences, readReference, type ReferenceCopy } from '../../ledger/named-reference.ts';
import type { Located } from '../../store/open-store.ts';
import { hashFile, hashObject } from '../../store/hash-file.ts';
import type { Store } from '../../store/store.ts';
import { columns, count } from '../../views/columns.ts';
import { notice, print, printJson } from '../print.ts';
import { nameValuePairs } from '../../pipeline/name-value-pairs.ts';
import { openSession, storeUrl } from '../session.ts';
import type { EngineFlags } from '../engines.ts';
import { buildReferenceSteps, checkReferenceFiles } from '../build-reference.ts';

export interface ReferenceFlags extends EngineFlags {
  store?: string;
  json?: boolean;
  pipeline: string;
  referenceFile?: string[];
  param?: string[];
}

/** `batch-pipeline reference build NAME` */
export async function buildReferenceCommand(name: string, flags: ReferenceFlags): Promise<ExitCode> {
  if (!isSampleName(name))
    throw new PipelineError({
      code: 'reference-name',
      message: `"${name}" is no usable name`,
      hint: 'Use letters, digits, ".", "_" and "-".',
    });
  const { store, locate } = await openSession(storeUrl(flags));
  const files = nameValuePairs(flags.referenceFile, '--reference-file');
  if (Object.keys(files).length === 0)
    throw new PipelineError({
      code: 'reference-missing',
      message: 'No files are given',
      hint: '--reference-file fasta=PATH --reference-file gtf=PATH',
    });
  await checkReferenceFiles(Object.keys(files), flags);
  const folder = mkdtempSync(join(tmpdir(), 'batch-pipeline-reference-'));
  try {
    const copies: ReferenceCopy[] = [];
    for (const [file, location] of Object.entries(files))
      copies.push(await copyReference(file, await locate(location), folder));
    await addReference(store, name, copies);
    notice(`Reference ${name}: ${count(copies.length, 'file')} in ${store.url}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return buildReferenceSteps(name, flags);
}

async function copyReference(name: string, { store, key }: Located, folder: string): Promise<ReferenceCopy> {
  // Two files may be called the same: they come from different folders.
  const file = `${name}/${basename(key)}`;
  const path = join(folder, file);
  mkdirSync(dirname(path));
  const local = store.localPath(key);
  if (local === undefined) await store.getFile(key, path);
  else await copyFile(local, path);
  return { name, file, path, size: statSync(path).size, sha256: await hashFile(path) };
}

/** `batch-pipeline reference list` */
export async function listReferencesCommand(flags: { store?: string; json?: boolean }): Promise<ExitCode> {
  const { store } = await openSession(storeUrl(flags));
  const references = await listReferences(store);
  if (flags.json) printJson(references);
  else if (references.length === 0) notice(`The store ${store.url} has no references yet.`);
  else
    print(
      columns([
        ['reference', 'files', 'added'],
        ...references.map(({ name, files, addedAt }) => [name, Object.keys(files).join(', '), addedAt]),
      ]),
    );
  return ExitCode.ok;
}

/** `batch-pipeline reference check NAME` */
export async function checkReferenceCommand(
  name: string,
  flags: { store?: string; json?: boolean },
): Promise<ExitCode> {
  const { store } = await openSession(storeUrl(flags));
  const { files } = await readReference(store, name);
  const bad: string[] = [];
  for (const { key, sha256 } of Object.values(files)) if ((await sha256Of(store, key)) !== sha256) bad.push(key);
  if (flags.json) printJson({ reference: name, files: Object.keys(files).length, damaged: bad });
  for (const key of bad) notice(`damaged: ${key}`);
  notice(
    bad.length === 0
      ? `Reference ${name}: ${count(Object.keys(files).length, 'file')} verified by checksum.`
      : `Reference ${name} is damaged.`,
  );
  return bad.length === 0 ? ExitCode.ok : ExitCode.environment;
}

async function sha256Of(store: Store, key: string): Promise<string | undefined> {
  return (await store.head(key)) ? hashObject(store, key) : undefined;
}
