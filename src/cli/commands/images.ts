import { DEFAULT_PIPELINE } from '../../../pipelines/catalog.ts';
import { ExitCode, PipelineError } from '../../errors.ts';
import { buildImages, type ImageEvent } from '../../deploy/images/build-images.ts';
import { findBuilder } from '../../deploy/images/find-builder.ts';
import { planImages, type PipelineImages } from '../../deploy/images/plan-images.ts';
import { DEFAULT_STACK, readDeployment } from '../../ledger/deployment.ts';
import { loadPipeline } from '../../pipeline/load-pipeline.ts';
import { imageEventText, imageListText } from '../../views/deploy-text.ts';
import { interruptible } from '../interruptible.ts';
import { nameValuePairs } from '../../pipeline/name-value-pairs.ts';
import { notice, print, printJson } from '../print.ts';
import { ecrOptions, pushImagesFor } from '../push-images.ts';
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
  return interruptible(async (signal) => {
    const plans = await planImages(await loadAll(pipelines), nameValuePairs(flags.buildArg, '--build-arg'));
    const last = new Map<string, ImageEvent>();
    if (plans.length > 0) await buildImages(plans, await findBuilder(flags.builder, signal), telling(last));
    if (flags.json) printJson(plans.map(({ name, local }) => ({ ...last.get(name), image: local })));
    else for (const { local } of plans) print(local);
    return ExitCode.ok;
  });
}

/** `batch-pipeline images push [PIPELINE…]`: into ECR, and into the store's deployment. */
export async function pushImagesCommand(pipelines: readonly string[], flags: ImageFlags): Promise<ExitCode> {
  return interruptible(async (signal) => {
    const { store } = await openSession(bucketUrl(flags));
    const last = new Map<string, ImageEvent>();
    const images = await pushImagesFor(store, orDefault(pipelines), {
      ...{ region: flags.region, builder: flags.builder, signal, onImage: telling(last) },
      buildArgs: nameValuePairs(flags.buildArg, '--build-arg'),
    });
    if (flags.json) printJson([...last.values()]);
    else for (const [name, uri] of Object.entries(images)) print(`${name} ${uri}`);
    return ExitCode.ok;
  });
}

/** `batch-pipeline images list` */
export async function listImagesCommand(flags: ImageFlags): Promise<ExitCode> {
  const { store } = await openSession(storeUrl(flags));
  const deployed = await readDeployment(store);
  const { listImages } = await import('../../deploy/images/list-images.ts');
  const stack = deployed?.stack ?? DEFAULT_STACK;
  const images = await listImages(ecrOptions(flags.region ?? deployed?.region), stack, deployed?.images ?? {});
  if (flags.json) printJson(images);
  else if (images.length === 0) notice(`ECR has no image of ${stack} yet: batch-pipeline images push`);
  else print(imageListText(images));
  return ExitCode.ok;
}

/** What is pushed is for jobs on AWS, which find no folder of this machine. */
function bucketUrl(flags: ImageFlags): string {
  const url = storeUrl(flags);
  if (url.startsWith('s3://')) return url;
  throw new PipelineError({
    code: 'flag-invalid',
    message: `${url} is no S3 store`,
    where: '--store',
    hint: 'Give the store of the runs that use the images: --store s3://BUCKET/PREFIX, or BATCH_PIPELINE_STORE.',
  });
}

function loadAll(pipelines: readonly string[]): Promise<PipelineImages[]> {
  return Promise.all(orDefault(pipelines).map(loadPipeline));
}

function orDefault(pipelines: readonly string[]): readonly string[] {
  return pipelines.length > 0 ? pipelines : [DEFAULT_PIPELINE];
}

/** One line when something begins and when it is over; the last event of each image is kept. */
function telling(last: Map<string, ImageEvent>): (event: ImageEvent) => void {
  return (event) => {
    last.set(event.name, event);
    notice(imageEventText(event));
  };
}
