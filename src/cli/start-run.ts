import type { Manifest } from '../record/manifest.ts';
import type { OnEvent } from '../run/events.ts';
import type { Prepared } from '../run/prepare.ts';
import { carryOn, findUnderway } from '../run/resume.ts';
import { nameOfRun, type SubmittedJob } from '../ledger/run-store.ts';
import { type RunCode, startRun } from '../run/start.ts';
import type { OpenedEngine } from '../engine/provider.ts';
import { notice } from './print.ts';
import { programVersion } from './program-files.ts';

/** Starts a run, or goes on with one that an earlier call of the same command left behind on an engine elsewhere. */
export async function startOrCarryOn(
  prepared: Prepared,
  { name, opened, onEvent }: { name: string; opened: OpenedEngine; onEvent: OnEvent },
): Promise<{ manifest: Manifest; submitted: SubmittedJob[] }> {
  const { store, engine } = prepared.request;
  const underway = await findUnderway(prepared);
  if (underway) {
    const other = nameOfRun(underway.run) === name ? '' : `; no run named ${name} was started`;
    notice(`Run ${underway.run} is already working on this${other}.`);
    return { manifest: underway, submitted: await carryOn({ store, engine }, underway, onEvent) };
  }
  return startRun(prepared, {
    ...{ name, programVersion: programVersion(), onEvent },
    code: await makeCode(prepared, opened),
  });
}

/** Keeps the code that the run was planned with, where any task is to run. */
async function makeCode({ request, jobs }: Prepared, { local, elsewhere }: OpenedEngine): Promise<RunCode> {
  const { store, loaded } = request;
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
    ...(local ? { folder: unpackForThisProcess(built.bytes, store) } : {}),
  };
}
