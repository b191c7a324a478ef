import pLimit from 'p-limit';
import { parseRunIdKey, RUN_IDS_PREFIX, runKeys } from '../record/keys.ts';
import type { Manifest } from '../record/manifest.ts';
import { isFinished, latestJobs, readManifest, submissionOf } from '../ledger/run-store.ts';
import { readHeartbeat } from '../ledger/heartbeat.ts';
import type { Store } from '../store/store.ts';
import { GUARD_MS } from './garbage.ts';

/** What a run still needs, and when it last ran. */
export interface RunFacts {
  run: string;
  /** `undefined` for a run that has claimed its id but not yet written its manifest. */
  manifest: Manifest | undefined;
  /** True if a task may be running or may still be submitted. */
  live: boolean;
  /** For a run that is not live: its last sign of life, ms since the epoch. */
  endedAt: number;
}

const PARALLEL_READS = 16;

/** Reads the facts of every run in the store. A claim without a manifest after an hour is abandoned and left out. */
export async function readRunFacts(store: Store, now: number): Promise<RunFacts[]> {
  const limit = pLimit(PARALLEL_READS);
  const facts: Promise<RunFacts | undefined>[] = [];
  for await (const page of store.list(RUN_IDS_PREFIX)) {
    for (const { key, modified } of page) {
      const run = parseRunIdKey(key)?.run;
      if (run !== undefined) facts.push(limit(async () => factsOf(store, run, { claimedAt: modified, now })));
    }
  }
  return (await Promise.all(facts)).filter((found) => found !== undefined);
}

async function factsOf(
  store: Store,
  run: string,
  { claimedAt, now }: { claimedAt: number; now: number },
): Promise<RunFacts | undefined> {
  const [written, finished] = await Promise.all([store.head(runKeys.manifest(run)), store.head(runKeys.finished(run))]);
  if (!written) return now - claimedAt < GUARD_MS ? { run, manifest: undefined, live: true, endedAt: now } : undefined;
  const [manifest, claimed] = await Promise.all([readManifest(store, run), lastSubmission(store, run)]);
  if (finished && (await isFinished(store, run, submissionOf(await latestJobs(store, run))))) {
    // A retry claims its number first, and removes the mark once it has seen that no gc is running.
    const isRetried = claimed >= finished.modified && now - claimed < GUARD_MS;
    return { run, manifest, live: isRetried, endedAt: finished.modified };
  }
  const [beating, heartbeat] = await Promise.all([readHeartbeat(store, run), store.head(runKeys.heartbeat(run))]);
  // The last time that anything of the run was written.
  const signs = Math.max(written.modified, heartbeat?.modified ?? 0, claimed);
  return {
    run,
    manifest,
    live: isLive({ engine: manifest.engine, beating: Boolean(beating), signs, now }),
    endedAt: signs,
  };
}

/** When a retry last claimed a number, ms since the epoch; 0 if there was none. */
async function lastSubmission(store: Store, run: string): Promise<number> {
  let last = 0;
  for await (const page of store.list(runKeys.submissions(run)))
    for (const { modified } of page) last = Math.max(last, modified);
  return last;
}

/**
 * Whether a run without a finished document is live. A local run lives as long as its process, which may be about to
 * write its first heartbeat; on other engines jobs continue on their own until `status` or `cancel` finds that they
 * have ended.
 */
export function isLive(facts: { engine: string; beating: boolean; signs: number; now: number }): boolean {
  return facts.engine !== 'local' || facts.beating || facts.now - facts.signs < GUARD_MS;
}
