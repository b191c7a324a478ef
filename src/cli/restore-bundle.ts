import { hash } from 'node:crypto';
import { ExitCode, PipelineError } from '../errors.ts';
import { bundleKey } from '../record/keys.ts';
import type { Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import type { Elsewhere } from './engines.ts';

/**
 * Sees to it that jobs find what they are to fetch: since the run began somebody may have removed or changed it.
 * @throws PipelineError `bundle-gone` where the pipeline of today makes another one
 */
export async function restoreBundle(
  store: Store,
  { run, bundle, pipelineSource }: Manifest,
  elsewhere: Elsewhere | undefined,
): Promise<void> {
  if (!elsewhere || !bundle) return;
  const there = await store.read(bundleKey(bundle.sha256));
  if (there && hash('sha256', there) === bundle.sha256) return;
  const { sha256 } = await elsewhere.bundle(pipelineSource);
  if (sha256 === bundle.sha256) return;
  throw new PipelineError({
    code: 'bundle-gone',
    message: `The program of run ${run} is no longer in the store as it was, and the pipeline has changed since`,
    where: bundle.location,
    hint: 'Start the run again: what is done stays done.',
    exitCode: ExitCode.environment,
  });
}
