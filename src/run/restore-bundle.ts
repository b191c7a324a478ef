import { hash } from 'node:crypto';
import { ExitCode, PipelineError } from '../errors.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import { bundleKey } from '../record/keys.ts';
import type { Bundle, Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import type { Elsewhere } from '../engine/provider.ts';

/**
 * Publishes the program of a run again if it has been removed from the store or changed since the run began.
 * @param code zip of the user's pipeline as it was planned
 * @throws PipelineError `bundle-gone` where this version of the program builds a different one
 */
export async function restoreBundle(
  store: Store,
  { run, bundle, pipelineSource }: Manifest,
  elsewhere: Elsewhere | undefined,
  code?: Uint8Array,
): Promise<void> {
  if (!elsewhere || !bundle || (await readWhole(store, bundle))) return;
  const canMake = code !== undefined || pipelineSource.startsWith('builtin:');
  if (canMake && (await elsewhere.bundle(code)).sha256 === bundle.sha256) return;
  throw gone(
    `The program of run ${run} is no longer in the store as it was, and this version of the program builds a different one`,
    bundle,
  );
}

/**
 * The zip of the code that a run was planned with. If it is no longer in the store, it is made again from the pipeline's
 * file, if that gives the same.
 * @throws PipelineError `bundle-gone` if not
 */
export async function restoreCode(store: Store, { run, code, pipelineSource }: Manifest): Promise<Uint8Array> {
  if (!code) throw new TypeError(`Run ${run} kept no code`);
  const whole = await readWhole(store, code);
  if (whole) return whole;
  const [{ buildCode }, { publishZip }] = await Promise.all([
    import('../deploy/user-code.ts'),
    import('../deploy/zip.ts'),
  ]);
  const today = await loadPipeline(pipelineSource)
    .then(buildCode)
    .catch(() => undefined);
  if (today?.sha256 !== code.sha256)
    throw gone(`The code of run ${run} is no longer in the store as it was, and the pipeline's file has changed`, code);
  await publishZip(store, today);
  return today.bytes;
}

async function readWhole(store: Store, { sha256 }: Bundle): Promise<Uint8Array | undefined> {
  const there = await store.read(bundleKey(sha256));
  return there && hash('sha256', there) === sha256 ? there : undefined;
}

function gone(message: string, { location }: Bundle): PipelineError {
  return new PipelineError({
    code: 'bundle-gone',
    message,
    where: location,
    hint: 'Start the run again: finished work is kept.',
    exitCode: ExitCode.environment,
  });
}
