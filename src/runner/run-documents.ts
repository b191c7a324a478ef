import { hash } from 'node:crypto';
import { PipelineError } from '../errors.ts';
import { runKeys } from '../record/keys.ts';
import {
  jobDocument,
  type JobDocument,
  manifest,
  type Manifest,
  type ManifestSample,
  sampleAt,
  samplePage,
  SAMPLES_PER_PAGE,
} from '../record/manifest.ts';
import type { Store } from '../store/store.ts';

/** A run's immutable documents, read once per runner and never again. */
export interface RunDocuments {
  manifest(run: string): Promise<Manifest>;
  job(run: string, job: string): Promise<JobDocument>;
  /** Sample at this position of the job's array; `undefined` for a cohort job. */
  sampleOf(run: string, job: JobDocument, index: number): Promise<ManifestSample | undefined>;
  /** Every sample of the run, page after page. */
  samples(run: string): AsyncIterable<ManifestSample>;
}

export function openRunDocuments(store: Store): RunDocuments {
  const cache = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, read: () => Promise<T>): Promise<T> => {
    const known = cache.get(key) as Promise<T> | undefined;
    const value = known ?? read();
    cache.set(key, value);
    return value;
  };
  const documents: RunDocuments = {
    manifest: (run) =>
      once(runKeys.manifest(run), async () => manifest.parse(await readJson(store, runKeys.manifest(run)))),
    job: (run, job) =>
      once(runKeys.job(run, job), async () => jobDocument.parse(await readJson(store, runKeys.job(run, job)))),
    async sampleOf(run, job, index) {
      if (job.samples.length === 0) return undefined;
      const position = sampleAt(job.samples, index);
      if (position === undefined) throw badIndex(job, index);
      const page = await readPage(run, Math.floor(position / SAMPLES_PER_PAGE));
      return page[position % SAMPLES_PER_PAGE];
    },
    async *samples(run) {
      const { pages } = await documents.manifest(run);
      for (let page = 0; page < pages.length; page += 1) yield* await readPage(run, page);
    },
  };
  const readPage = (run: string, page: number): Promise<ManifestSample[]> =>
    once(runKeys.samplePage(run, page), async () => {
      const { pages } = await documents.manifest(run);
      const key = runKeys.samplePage(run, page);
      const body = await readBytes(store, key);
      if (hash('sha256', body) !== pages[page]) throw changedDocument(key);
      return samplePage.parse(JSON.parse(new TextDecoder().decode(body)));
    });
  return documents;
}

async function readBytes(store: Store, key: string): Promise<Uint8Array> {
  const body = await store.read(key);
  if (body) return body;
  throw new PipelineError({ code: 'run-document-missing', message: `${key} is not in the store`, where: store.url });
}

async function readJson(store: Store, key: string): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await readBytes(store, key)));
}

function changedDocument(key: string): PipelineError {
  return new PipelineError({
    code: 'run-document-changed',
    message: `${key} is not what the run wrote there`,
    hint: 'Something changed the store underneath. Start the run again: finished tasks are kept.',
  });
}

function badIndex(job: JobDocument, index: number): PipelineError {
  return new PipelineError({
    code: 'task-environment',
    message: `Job ${job.job} has ${job.size} tasks, there is no number ${index}`,
  });
}
