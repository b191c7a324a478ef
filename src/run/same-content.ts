import pLimit from 'p-limit';
import { fileIdentity, makePlan, type PlanRequest } from '../plan/plan.ts';
import { type Suspect, suspects, type UserFile, userFiles } from '../plan/suspects.ts';
import type { FileIdentity } from '../record/manifest.ts';
import { hashObject } from '../store/hash-file.ts';
import type { Located } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { type EarlierInputs, fileOf, openEarlierInputs, recordedInputs } from './earlier-inputs.ts';
import { type InputNote, readInputNote } from '../ledger/store-documents.ts';
import { type SameInput, sameOutputs, type Settled } from './same-outputs.ts';
import { given } from '../given.ts';

const PARALLEL_READS = 32;
/** Files read whole at a time: the disk is the limit. */
const PARALLEL_SUMS = 2;

/** How to look at what a plan is about. */
export interface Access {
  store: Store;
  locate: (location: string) => Promise<Located>;
  /** Called before whole files are read, which may take a while. */
  onCompare?: ((files: number, bytes: number) => void) | undefined;
}

/**
 * Plans, and where tasks would run only because their inputs look changed, finds out whether they are: a file of the same
 * size as the one that an earlier success was made from is compared with the checksum on record, once, and the plan made
 * again with what has the same content as before. Writes nothing. Samples' files in a bucket are not fetched for that.
 */
export async function planByContent(request: PlanRequest, access: Access): Promise<Settled> {
  const first: Settled = { request, plan: makePlan(request), notes: [], same: [] };
  if (suspects(first.plan, request.samples, request.held).length === 0) return first;
  const search: Search = {
    ...access,
    earlier: openEarlierInputs(access.store, request.pipeline.name),
    sums: new Map(),
  };
  const ofCohort = await settle(first, search, 'cohort');
  return sameOutputs(ofCohort, access.store, (settled) => settle(settled, search, 'sample'));
}

interface Search extends Access {
  earlier: EarlierInputs;
  /** Checksums of files that were read, by `fileId`. */
  sums: Map<string, Promise<string | undefined>>;
}

async function settle(settled: Settled, search: Search, scope: 'cohort' | 'sample'): Promise<Settled> {
  return byRecords(await byNotes(settled, search, scope), search, scope);
}

/** One file of the request, and what it is to count as for a step that reads it. */
interface Claim extends ReadFile {
  countsAs: string;
  sha256: string;
}

/** A file of the user's that a task reads. */
interface ReadFile {
  step: string;
  file: UserFile;
  /** Of its sample. */
  index: number;
  identity: FileIdentity;
}

function fileId({ file, index }: ReadFile): string {
  return file.kind === 'reference' ? file.name : `${index}\0${file.name}`;
}

/** A file is claimed once for all tasks of a step. */
function distinct<T extends ReadFile>(files: readonly T[]): T[] {
  return [...new Map(files.map((one) => [`${one.step}\0${fileId(one)}`, one])).values()];
}

/** Tasks that read files of the user's, with these. */
function suspectsWithFiles({ plan, request }: Settled, scope: 'cohort' | 'sample') {
  const { samples, held, references } = request;
  return suspects(plan, samples, held).flatMap((suspect) => {
    if (suspect.step.scope !== scope) return [];
    const sample = scope === 'sample' ? samples[suspect.index] : undefined;
    const files = userFiles(suspect.step, sample).flatMap((file) => {
      const identity = file.kind === 'reference' ? references[file.name] : sample?.files[file.name];
      return identity ? [{ step: suspect.step.name, file, index: suspect.index, identity }] : [];
    });
    return files.length === 0 ? [] : [{ suspect, files }];
  });
}

/** What an earlier look has found out of just these versions of files. */
async function byNotes(settled: Settled, access: Access, scope: 'cohort' | 'sample'): Promise<Settled> {
  const limit = pLimit(PARALLEL_READS);
  const files = suspectsWithFiles(settled, scope).flatMap((one) => one.files);
  const open = distinct(files.filter(({ identity, step }) => identity.countsAs?.[step] === undefined));
  const read = new Map<string, Promise<InputNote | undefined>>();
  const noteOf = (one: ReadFile): Promise<InputNote | undefined> => {
    const note =
      read.get(fileId(one)) ?? limit(async () => readInputNote(access.store, await seen(access, one.identity)));
    read.set(fileId(one), note);
    return note;
  };
  const found = await Promise.all(
    open.map(async (one): Promise<Claim[]> => {
      const note = await noteOf(one);
      const countsAs = note?.countsAs[one.step];
      return note && countsAs !== undefined ? [{ ...one, countsAs, sha256: note.sha256 }] : [];
    }),
  );
  return planWith(settled, found.flat());
}

/** A note is of one file, wherever the command is called. */
async function seen({ locate }: Access, { location, size, etag }: FileIdentity) {
  const { store, key } = await locate(location);
  return { location: `${store.url}/${key}`, size, etag };
}

function planWith(settled: Settled, claims: readonly Claim[], notes: readonly InputNote[] = []): Settled {
  if (claims.length === 0) return settled;
  const { request } = settled;
  const samples = [...request.samples];
  const references = { ...request.references };
  const counted = (file: FileIdentity | undefined, { step, countsAs, identity }: Claim): FileIdentity => {
    return { ...identity, countsAs: { ...file?.countsAs, [step]: countsAs } };
  };
  for (const claim of claims) {
    const { file, index } = claim;
    const sample = samples[index];
    if (file.kind === 'reference') references[file.name] = counted(references[file.name], claim);
    else if (sample)
      samples[index] = { ...sample, files: { ...sample.files, [file.name]: counted(sample.files[file.name], claim) } };
  }
  const changed = { ...request, samples, references };
  const same = [...settled.same, ...claims.map((claim) => sameInput(request, claim))];
  return {
    request: changed,
    plan: makePlan(changed),
    notes: [...settled.notes, ...notes],
    same: [...new Map(same.map((one) => [JSON.stringify(one), one])).values()],
  };
}

function sameInput({ samples }: PlanRequest, { file: { kind, name }, index }: Claim): SameInput {
  const sample = kind === 'reference' ? undefined : samples[index]?.name;
  return { name, kind, ...given({ sample }) };
}

/** An earlier success, and the files that would have to have the content of those it was made from. */
interface Option {
  suspect: Suspect;
  key: string;
  claims: Claim[];
}

/** Compares with the records of earlier successes, and reads only files that would spare somebody a task. */
async function byRecords(settled: Settled, search: Search, scope: 'cohort' | 'sample'): Promise<Settled> {
  const limit = pLimit(PARALLEL_READS);
  const options = await Promise.all(
    suspectsWithFiles(settled, scope).map((one) => limit(() => optionsOf(one, settled, search))),
  );
  let now = settled;
  for (let rank = 0; options.some((ofTask) => ofTask.length > rank); rank += 1) {
    const likely = options.flatMap((ofTask) => ofTask[rank] ?? []).filter((option) => !isUpToDate(now, option));
    // If all of them were true: whose task would be one that has succeeded?
    const all = planWith(
      now,
      likely.flatMap(({ claims }) => claims),
    );
    const worth = likely.filter((option) => keyIn(all, option) === option.key);
    now = await verified(now, search, distinct(worth.flatMap((option) => option.claims)));
  }
  return now;
}

function keyIn({ plan }: Settled, { suspect }: Option): string | undefined {
  return plan.find(({ step }) => step === suspect.step)?.keys[suspect.index];
}

function isUpToDate({ plan }: Settled, { suspect }: Option): boolean {
  return plan.find(({ step }) => step === suspect.step)?.decisions[suspect.index] === 'up-to-date';
}

/** Earlier successes from files that differ from those of now, and may have the same content. */
async function optionsOf(
  { suspect, files }: { suspect: Suspect; files: ReadFile[] },
  { request }: Settled,
  search: Search,
): Promise<Option[]> {
  const options: Option[] = [];
  for await (const { key, files: then } of search.earlier(suspect)) {
    const other = files.filter(({ file, identity }) => {
      const before = fileOf(then, file);
      return !before || fileIdentity(before, suspect.step.name) !== fileIdentity(identity, suspect.step.name);
    });
    // It is something else that has changed.
    if (other.length === 0) break;
    const sizesDiffer = other.some(({ file, identity }) => fileOf(then, file)?.size !== identity.size);
    if (sizesDiffer || !(await areReadable(other, search))) continue;
    const recorded = await recordedInputs(search.store, request.pipeline.name, suspect, key);
    const claims = other.flatMap((one): Claim[] => {
      const { size, sha256 } = recorded.get(one.file.input) ?? {};
      if (sha256 === undefined || size !== one.identity.size) return [];
      return [{ ...one, countsAs: fileIdentity(fileOf(then, one.file) as FileIdentity, one.step), sha256 }];
    });
    if (claims.length === other.length) options.push({ suspect, key, claims });
  }
  return options;
}

/** A reference is worth a transfer, since every sample depends on it; a sample's own file costs about what its task would. */
async function areReadable(files: readonly ReadFile[], { locate }: Access): Promise<boolean> {
  for (const { file, identity } of files) {
    const { store, key } = await locate(identity.location);
    if (file.kind === 'sample-file' && store.localPath(key) === undefined) return false;
  }
  return true;
}

async function verified(settled: Settled, search: Search, claims: readonly Claim[]): Promise<Settled> {
  const unread = new Map(
    claims.flatMap((claim) =>
      claim.identity.sha256 === undefined && !search.sums.has(fileId(claim)) ? [[fileId(claim), claim] as const] : [],
    ),
  );
  const size = [...unread.values()].reduce((sum, { identity }) => sum + identity.size, 0);
  if (unread.size > 0) search.onCompare?.(unread.size, size);
  const limit = pLimit(PARALLEL_SUMS);
  for (const [id, { identity }] of unread)
    search.sums.set(
      id,
      limit(() => sumOf(search, identity)),
    );
  const equal: Claim[] = [];
  for (const claim of claims)
    if ((claim.identity.sha256 ?? (await search.sums.get(fileId(claim)))) === claim.sha256) equal.push(claim);
  const read = equal.filter(({ identity }) => identity.sha256 === undefined);
  const notes = [...Map.groupBy(read, fileId).values()].map(async (ofFile): Promise<InputNote> => {
    const [{ identity, sha256 }] = ofFile as [Claim];
    const now = Object.fromEntries(ofFile.map(({ step, countsAs }) => [step, countsAs]));
    return { version: 1, ...(await seen(search, identity)), sha256, countsAs: { ...identity.countsAs, ...now } };
  });
  return planWith(settled, equal, await Promise.all(notes));
}

/** Of exactly the version that was identified; `undefined` if it cannot be read, or is another one by the end. */
async function sumOf({ locate }: Access, { location, size, etag }: FileIdentity): Promise<string | undefined> {
  try {
    const { store, key } = await locate(location);
    const sum = await hashObject(store, key);
    const now = await store.head(key);
    return now?.size === size && now.etag === etag ? sum : undefined;
  } catch {
    // The task that reads it will tell why it cannot.
    return undefined;
  }
}
