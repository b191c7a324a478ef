import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode } from '../../errors.ts';
import { runKeys } from '../../record/keys.ts';
import { readHeartbeat } from '../../run/heartbeat.ts';
import type { Manifest } from '../../record/manifest.ts';
import { findRun, readManifest, readSubmitted } from '../../run/run-store.ts';
import type { SubmittedJob } from '../../run/submitted-job.ts';
import { settleRun } from '../../run/watch.ts';
import type { Store } from '../../store/store.ts';
import { openEngine, runEngineFlags } from '../engines.ts';
import { notice } from '../print.ts';
import { openSession, storeUrl } from '../session.ts';

const LOOK_MS = 300;

/** `batch-pipeline cancel [RUN]`: resolves when nothing of the run can go on. */
export async function cancelCommand(name: string | undefined, flags: { store?: string }): Promise<ExitCode> {
  const { store } = await openSession(storeUrl(flags));
  const manifest = await readManifest(store, await findRun(store, name));
  const { run } = manifest;
  // Written first, whatever the engine: a reason that is on record before tasks die of it.
  await store.write(runKeys.cancelled(run), '{}\n');
  const submitted = await readSubmitted(store, run);
  if (submitted.length > 0) await cancelDetached(store, manifest, submitted);
  else if (await readHeartbeat(store, run)) while (await readHeartbeat(store, run)) await sleep(LOOK_MS);
  else {
    await store.remove([runKeys.cancelled(run)]);
    notice(`Run ${run} is not running.`);
    return ExitCode.ok;
  }
  notice(`Run ${run} is cancelled. What is finished stays; the same run command carries on.`);
  return ExitCode.ok;
}

async function cancelDetached(store: Store, manifest: Manifest, submitted: readonly SubmittedJob[]): Promise<void> {
  const { engine } = await openEngine(runEngineFlags(manifest), store);
  await engine.cancel(
    submitted.map(({ jobId }) => jobId),
    'The run was cancelled',
  );
  await settleRun({ store, engine, manifest, submitted });
  await engine.close();
}
