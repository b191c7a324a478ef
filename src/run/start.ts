import { randomBytes } from 'node:crypto';
import type { Bundle, Manifest } from '../record/manifest.ts';
import { noteAdopted } from './adopt-codes.ts';
import type { OnEvent } from './events.ts';
import { refuseIfRemoved } from '../ledger/gc-mark.ts';
import type { Prepared } from './prepare.ts';
import { claimRun, type SubmittedJob } from '../ledger/run-store.ts';
import { submitJobs } from './submit.ts';
import { writeRun } from './write-run.ts';

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
    ...(folder === undefined ? {} : { codeFolder: folder }),
  });
  return { manifest, submitted };
}
