import { hash } from 'node:crypto';
import { ExitCode, PipelineError } from '../errors.ts';
import { given } from '../given.ts';
import { upstreamSteps } from '../pipeline/pipeline.ts';
import type { StepNeeds } from '../plan/needs.ts';
import { runKeys } from '../record/keys.ts';
import {
  type Bundle,
  type JobDocument,
  type Manifest,
  type ManifestSample,
  SAMPLES_PER_PAGE,
} from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import { planDigest } from './latest-run.ts';
import type { Prepared } from './prepare.ts';

export interface RunIdentity {
  run: string;
  nonce: string;
  programVersion: string;
  createdAt: string;
  code?: Bundle;
  bundle?: Bundle;
}

/** Writes what the run is, once: pages of samples, jobs, and the manifest last, which makes it a run. */
export async function writeRun(prepared: Prepared, identity: RunIdentity): Promise<Manifest> {
  const { store } = prepared.request;
  const pages = await writePages(prepared, identity.run);
  await writeJobs(store, identity.run, prepared.jobs);
  const document = manifestOf(prepared, identity, pages);
  await store.write(runKeys.manifest(identity.run), JSON.stringify(document));
  return document;
}

/**
 * Takes the number of a retry; from then on `gc` treats the run as running.
 * @throws PipelineError `run-busy` if another retry of the run has taken the same number.
 */
export async function claimRetry(store: Store, run: string, jobs: readonly JobDocument[]): Promise<string> {
  const key = runKeys.submission(run, jobs[0]?.submission ?? 0);
  // How many jobs there are going to be tells whether all of them came to be written.
  if (await store.create(key, JSON.stringify({ jobs: jobs.length }))) return key;
  throw new PipelineError({
    code: 'run-busy',
    message: `Another process is retrying run ${run}`,
    hint: 'batch-pipeline status shows its progress.',
    exitCode: ExitCode.unfinished,
  });
}

/** Job documents are immutable: a retry adds new ones. */
export async function writeJobs(store: Store, run: string, jobs: readonly JobDocument[]): Promise<void> {
  await Promise.all(jobs.map((job) => store.write(runKeys.job(run, job.job), JSON.stringify(job))));
}

async function writePages(prepared: Prepared, run: string): Promise<string[]> {
  const hashes: string[] = [];
  for (let first = 0; first < prepared.samples.length; first += SAMPLES_PER_PAGE) {
    const page = prepared.samples
      .slice(first, first + SAMPLES_PER_PAGE)
      .map((_, i) => sampleEntry(prepared, first + i));
    const body = JSON.stringify(page);
    await prepared.request.store.write(runKeys.samplePage(run, hashes.length), body);
    hashes.push(hash('sha256', body));
  }
  return hashes;
}

function sampleEntry(prepared: Prepared, index: number): ManifestSample {
  const { name, files, values } = prepared.samples[index] as Prepared['samples'][number];
  const tasks: ManifestSample['tasks'] = {};
  for (const { step, keys, decisions } of prepared.plan) {
    const key = keys[index];
    const decision = decisions[index] ?? 'not-needed';
    if (step.scope !== 'sample' || !key) continue;
    const leftovers = decision === 'run' && prepared.held.get(step.name)?.begun.has(`${name}.${key}`);
    tasks[step.name] = { key, decision, ...(leftovers ? { leftovers } : {}) };
  }
  return { name, files, values, tasks };
}

function manifestOf(prepared: Prepared, identity: RunIdentity, pages: string[]): Manifest {
  const { request, plan, needs } = prepared;
  return {
    version: 2,
    ...identity,
    pipeline: request.loaded.pipeline.name,
    pipelineSource: request.loaded.source,
    engine: request.engine.name,
    engineModule: request.engineModule,
    engineFlags: { ...request.engineFlags },
    params: { ...request.params },
    references: { ...request.references },
    steps: plan.map(({ step, keys, decisions }) => {
      const { toolVersions = {}, image } = request.environments[step.name] ?? {};
      const resources = (needs.get(step.name) as StepNeeds).largest;
      const task = { key: keys[0] ?? '', decision: decisions[0] ?? 'not-needed' };
      return {
        ...{ name: step.name, scope: step.scope, upstream: upstreamSteps(step), resources, toolVersions },
        ...given({ image }),
        attempts: step.attempts,
        code: prepared.codes[step.name] ?? '',
        ...(step.intermediate ? { intermediate: true } : {}),
        ...(step.scope === 'cohort' ? { task } : {}),
      };
    }),
    sampleCount: prepared.samples.length,
    plan: planDigest(prepared),
    pages,
  };
}
