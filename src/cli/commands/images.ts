import { DEFAULT_PIPELINE } from '../../../pipelines/catalog.ts';
import type { BuildOptions, ImageEvent } from '../../deploy/images/build-images.ts';
import { ExitCode, PipelineError } from '../../errors.ts';
import { loadPipeline } from '../../pipeline/load-pipeline.ts';
import { nameValuePairs } from '../../pipeline/name-value-pairs.ts';
import { imageEventText, imageListText } from '../../views/deploy-text.ts';
import { interruptible } from '../interruptible.ts';
import { notice, print, printJson } from '../print.ts';
import { openSession, storeUrl } from '../session.ts';

export interface ImageFlags {
  store?: string;
  json?: boolean;
  region?: string;
  builder?: string;
  buildArg?: string[];
}

/** `batch-pipeline images build [PIPELINE…]`: into the builder's own storage. */
export async function buildImagesCommand(pipelines: readonly string[], flags: ImageFlags): Promise<ExitCode> {
  const { buildImages } = await import('../../deploy/images/build-images.ts');
  return interruptible(async (signal) => {
    const last = new Map<string, ImageEvent>();
    const built = await buildImages(await buildOptions(pipelines, flags, { last, signal }));
    if (flags.json) printJson(built.map(({ name, local }) => ({ ...last.get(name), image: local })));
    else for (const { local } of built) print(local);
    return ExitCode.ok;
  });
}

/** `batch-pipeline images push [PIPELINE…]`: into ECR, and into the store's deployment. */
export async function pushImagesCommand(pipelines: readonly string[], flags: ImageFlags): Promise<ExitCode> {
  const { pushImages } = await import('../../deploy/images/push-images.ts');
  return interruptible(async (signal) => {
    const workspace = await openSession(bucketUrl(flags));
    const last = new Map<string, ImageEvent>();
    const options = await buildOptions(pipelines, flags, { last, signal });
    const images = await pushImages(workspace, { ...options, region: flags.region });
    if (flags.json) printJson([...last.values()]);
    else for (const [name, uri] of Object.entries(images)) print(`${name} ${uri}`);
    return ExitCode.ok;
  });
}

/** `batch-pipeline images list` */
export async function listImagesCommand(flags: ImageFlags): Promise<ExitCode> {
  const { listImages } = await import('../../deploy/images/list-images.ts');
  const { stack, images } = await listImages(await openSession(storeUrl(flags)), flags.region);
  if (flags.json) printJson(images);
  else if (images.length === 0) notice(`ECR has no image of ${stack} yet: batch-pipeline images push`);
  else print(imageListText(images));
  return ExitCode.ok;
}

/** Prints a line when something begins and when it ends, and keeps the last event of each image. */
async function buildOptions(
  pipelines: readonly string[],
  { builder, buildArg }: ImageFlags,
  { last, signal }: { last: Map<string, ImageEvent>; signal: AbortSignal },
): Promise<BuildOptions> {
  return {
    pipelines: await Promise.all((pipelines.length > 0 ? pipelines : [DEFAULT_PIPELINE]).map(loadPipeline)),
    builder,
    buildArgs: nameValuePairs(buildArg, '--build-arg'),
    signal,
    onImage(event) {
      last.set(event.name, event);
      notice(imageEventText(event));
    },
  };
}

/** Images are pushed for jobs on AWS, which see no folder of this machine. */
function bucketUrl(flags: ImageFlags): string {
  const url = storeUrl(flags);
  if (url.startsWith('s3://')) return url;
  throw new PipelineError({
    code: 'flag-invalid',
    message: `${url} is not an S3 store`,
    where: '--store',
    hint: 'Give the store of the runs that use the images: --store s3://BUCKET/PREFIX, or BATCH_PIPELINE_STORE.',
  });
}
