import type { EngineJob } from '../engine/engine.ts';
import { given } from '../given.ts';
import { VARIABLES } from '../record/protocol.ts';
import type { JobDocument, Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';

/** What the engine is given for a job of a run. */
export function engineJob(store: Store, manifest: Manifest, job: JobDocument, codeFolder?: string): EngineJob {
  const step = manifest.steps.find(({ name }) => name === job.step);
  return {
    name: engineJobName(manifest, job.job),
    step: job.step,
    size: job.size,
    resources: job.resources,
    image: step?.image,
    attempts: step?.attempts ?? 1,
    rank: job.rank,
    environment: {
      [VARIABLES.store]: store.url,
      [VARIABLES.run]: manifest.run,
      [VARIABLES.job]: job.job,
      ...given({ [VARIABLES.code]: codeFolder }),
      ...bundleEnvironment(manifest),
    },
  };
}

/** For Fetch & Run, the entrypoint of the images. */
function bundleEnvironment({ bundle }: Manifest): Record<string, string> {
  if (!bundle) return {};
  return { BATCH_FILE_TYPE: 'zip', BATCH_FILE_S3_URL: bundle.location, BATCH_FILE_SHA256: bundle.sha256 };
}

/** Unique over all stores and runs, and within the engines' rules for names. */
export function engineJobName(manifest: Manifest, job: string): string {
  return `${manifest.run}-${manifest.nonce}-${job}`;
}
