import type { Manifest } from '../record/manifest.ts';
import type { OnEvent } from '../run/events.ts';
import type { Prepared } from '../run/prepare.ts';
import { carryOn, findUnderway } from '../run/resume.ts';
import { startRun } from '../run/start.ts';
import type { SubmittedJob } from '../run/submitted-job.ts';
import type { Elsewhere } from './engines.ts';
import { notice } from './print.ts';
import { programVersion } from './program-files.ts';

/** Starts a run, or goes on with one that an earlier call of the same command left behind on an engine elsewhere. */
export async function startOrCarryOn(
  prepared: Prepared,
  { name, elsewhere, onEvent }: { name: string; elsewhere: Elsewhere | undefined; onEvent: OnEvent },
): Promise<{ manifest: Manifest; submitted: SubmittedJob[] }> {
  const { store, engine, loaded } = prepared.request;
  const underway = await findUnderway(prepared);
  if (underway) {
    notice(`Run ${underway.run} is at work on this already.`);
    return { manifest: underway, submitted: await carryOn({ store, engine }, underway, onEvent) };
  }
  return startRun(prepared, {
    ...{ name, programVersion: programVersion(), onEvent },
    ...(elsewhere ? { bundle: () => elsewhere.bundle(loaded.source) } : {}),
  });
}
