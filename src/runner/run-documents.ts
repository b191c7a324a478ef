import type { z } from 'zod';
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
import { parseDocument } from '../record/parse-document.ts';
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
    if (known) return known;
    const value = read();
    cache.set(key, value);
    // The failure may be temporary: the next attempt reads again.
    value.catch(() => cache.delete(key));
    return value;
  };
  const read = async <S extends z.ZodType>(schema: S, key: string, sha256?: string): Promise<z.output<S>> =>
    parseDocument(schema, key, await store.read(key), sha256);
  const documents: RunDocuments = {
    manifest: (run) => once(runKeys.manifest(run), async () => read(manifest, runKeys.manifest(run))),
    job: (run, job) => once(runKeys.job(run, job), async () => read(jobDocument, runKeys.job(run, job))),
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
      return read(samplePage, key, pages[page]);
    });
  return documents;
}

function badIndex(job: JobDocument, index: number): PipelineError {
  return new PipelineError({
    code: 'task-environment',
    message: `Job ${job.job} has ${job.size} tasks, there is no number ${index}`,
  });
}
