import { homedir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_STACK, readDeployment, writeDeployment } from '../ledger/deployment.ts';
import type { OnImage } from '../deploy/images/build-images.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import type { Store } from '../store/store.ts';

export interface PushWishes {
  /** Of the registry; without it that of the deployment, or of the environment. */
  region?: string | undefined;
  /** `docker`, `podman` or `buildah`; without it the first that works. */
  builder?: string | undefined;
  buildArgs?: Readonly<Record<string, string>>;
  onImage: OnImage;
  signal: AbortSignal;
}

/** Brings the images of these pipelines into ECR, and writes them into the store's deployment; returns name to URI. */
export async function pushImagesFor(
  store: Store,
  pipelines: readonly string[],
  { region, ...wishes }: PushWishes,
): Promise<Record<string, string>> {
  const loaded = await Promise.all(pipelines.map(loadPipeline));
  const deployed = await readDeployment(store);
  const ecr = ecrOptions(region ?? deployed?.region);
  const { pushImages } = await import('../deploy/images/push-images.ts');
  const images = await pushImages({
    ...{ ...wishes, pipelines: loaded, ecr },
    stack: deployed?.stack ?? DEFAULT_STACK,
    dockerConfig: process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'),
  });
  const { openEcr } = await import('../deploy/images/ecr.ts');
  const none = { version: 1 as const, region: await openEcr(ecr).region(), images: {} };
  // Read again, right before it is written: building takes minutes, and others may have pushed theirs.
  const now = (await readDeployment(store)) ?? none;
  await writeDeployment(store, { ...now, images: { ...now.images, ...images } });
  return images;
}

/** Where ECR is asked. */
export function ecrOptions(region: string | undefined) {
  return {
    region: region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'],
    endpoint: process.env['BATCH_PIPELINE_BATCH_ENDPOINT'],
  };
}
