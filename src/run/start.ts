import { randomBytes } from 'node:crypto';
import type { OpenedEngine } from '../engine/provider.ts';
import type { Bundle, Manifest } from '../record/manifest.ts';
import { noteAdopted } from './adopt-codes.ts';
import type { OnEvent } from './events.ts';
import { refuseIfRemoved } from '../ledger/gc-mark.ts';
import type { Prepared } from './prepare.ts';
import { claimRun, nameOfRun, type SubmittedJob } from '../ledger/run-store.ts';
import { carryOn, findUnderway } from './resume.ts';
import { submitJobs } from './submit.ts';
import { programVersion } from './program-files.ts';
import type { Workspace } from './workspace.ts';
import { writeRun } from './write-run.ts';
import { given } from '../given.ts';

export interface StartOptions {
  /** First part of the run's id. */
  name: string;
  programVersion: string;
  onEvent: OnEvent;
  /** What the tasks run; made and published before anything else is written. */
  code?: RunCode;
}

/** What all tasks of a run run. Of a built-in pipeline the program has the code itself. */
export interface RunCode {
  /** Of a user's pipeline. */
  code?: Bundle;
  /** Of a run elsewhere. */
  bundle?: Bundle;
  /** Where the code is unpacked already, for runners of this machine that live no longer than this process. */
  folder?: string;
}

/** Starts a run, or takes up one that an earlier call left behind on an engine elsewhere. */
export async function startOrJoin(
  workspace: Workspace,
  prepared: Prepared,
  { name, opened, onEvent }: { name: string; opened: OpenedEngine; onEvent: OnEvent },
): Promise<{ manifest: Manifest; submitted: SubmittedJob[] }> {
  const { store, engine } = prepared.request;
  const underway = await findUnderway(prepared);
  if (underway) {
    const { run } = underway;
    onEvent(nameOfRun(run) === name ? { kind: 'joined', run } : { kind: 'joined', run, otherName: name });
    return { manifest: underway, submitted: await carryOn({ store, engine }, underway, onEvent) };
  }
  const code = await makeCode(workspace, prepared, opened);
  return startRun(prepared, { name, programVersion: programVersion(), onEvent, code });
}

/** Keeps the code that the run was planned with, if any task is to run. */
async function makeCode(
  { store, scratchRoot }: Workspace,
  { request, jobs }: Prepared,
  { local, elsewhere }: OpenedEngine,
): Promise<RunCode> {
  const { loaded } = request;
  if (jobs.length === 0 && !elsewhere) return {};
  if (loaded.source.startsWith('builtin:')) return elsewhere ? { bundle: await elsewhere.bundle() } : {};
  const [{ buildCode }, { publishZip }, { unpackForThisProcess }] = await Promise.all([
    import('../deploy/user-code.ts'),
    import('../deploy/zip.ts'),
    import('./planned-code.ts'),
  ]);
  const built = await buildCode(loaded);
  return {
    code: await publishZip(store, built),
    ...(elsewhere ? { bundle: await elsewhere.bundle(built.bytes) } : {}),
    ...(local ? { folder: unpackForThisProcess(built.bytes, scratchRoot) } : {}),
  };
}

/** Writes the run down, then submits all of it. After this, an engine that needs no process needs none of ours. */
export async function startRun(
  prepared: Prepared,
  options: StartOptions,
): Promise<{ manifest: Manifest; submitted: SubmittedJob[] }> {
  const { request, plan, jobs } = prepared;
  const { folder, ...published } = options.code ?? {};
  const run = await claimRun(request.store, options.name);
  await refuseIfRemoved(request.store, prepared.gcMark);
  await noteAdopted(request.store, request.loaded.pipeline.name, prepared.codeNotes);
  const identity = {
    run,
    nonce: randomBytes(4).toString('hex'),
    programVersion: options.programVersion,
    createdAt: new Date().toISOString(),
    ...published,
  };
  const manifest = await writeRun(prepared, identity);
  const decisions = plan.flatMap((step) => step.decisions);
  const tasks = jobs.reduce((sum, { size }) => sum + size, 0);
  const upToDate = decisions.filter((decision) => decision === 'up-to-date').length;
  options.onEvent({ kind: 'planned', run, tasks, upToDate, jobs: jobs.length });
  const { store, engine } = request;
  const submitted = await submitJobs({
    ...{ store, engine, manifest, jobs, onEvent: options.onEvent },
    ...given({ codeFolder: folder }),
  });
  return { manifest, submitted };
}
