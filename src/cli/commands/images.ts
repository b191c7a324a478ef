import { homedir } from 'node:os';
import { join } from 'node:path';
import { ExitCode } from '../../errors.ts';
import { buildImages, type ImageEvent } from '../../deploy/images/build-images.ts';
import { findBuilder } from '../../deploy/images/find-builder.ts';
import { planImages, type PipelineImages } from '../../deploy/images/plan-images.ts';
import { DEFAULT_STACK, type Deployment, readDeployment, writeDeployment } from '../../deploy/deployment.ts';
import { loadPipeline } from '../../pipeline/load-pipeline.ts';
import { imageEventText, imageListText } from '../../views/image-text.ts';
import { nameValuePairs } from '../name-value-pairs.ts';
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
    const [{ store }, loaded] = await Promise.all([openSession(storeUrl(flags)), loadAll(pipelines)]);
    const deployed = await readDeployment(store);
    const ecr = ecrOptions(flags, deployed);
    const { pushImages } = await import('../../deploy/images/push-images.ts');
    const last = new Map<string, ImageEvent>();
    const images = await pushImages({
      ...{ pipelines: loaded, ecr, signal, builder: flags.builder, onImage: telling(last) },
      stack: deployed?.stack ?? DEFAULT_STACK,
      buildArgs: nameValuePairs(flags.buildArg, '--build-arg'),
      dockerConfig: process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'),
    });
    const { openEcr } = await import('../../deploy/images/ecr.ts');
    // Read again: building takes minutes, and others may have pushed theirs.
    const now = (await readDeployment(store)) ?? { version: 1, region: await openEcr(ecr).region(), images: {} };
    await writeDeployment(store, { ...now, images: { ...now.images, ...images } });
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
  const images = await listImages(ecrOptions(flags, deployed), stack, deployed?.images ?? {});
  if (flags.json) printJson(images);
  else if (images.length === 0) notice(`ECR has no image of ${stack} yet: batch-pipeline images push`);
  else print(imageListText(images));
  return ExitCode.ok;
}

function loadAll(pipelines: readonly string[]): Promise<PipelineImages[]> {
  return Promise.all((pipelines.length > 0 ? pipelines : ['fusion']).map(loadPipeline));
}

function ecrOptions({ region }: ImageFlags, deployed: Deployment | undefined) {
  return {
    region: region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? deployed?.region,
    endpoint: process.env['BATCH_PIPELINE_BATCH_ENDPOINT'],
  };
}

/** One line when something begins and when it is over; the last event of each image is kept. */
function telling(last: Map<string, ImageEvent>): (event: ImageEvent) => void {
  return (event) => {
    last.set(event.name, event);
    notice(imageEventText(event));
  };
}

/** Ctrl-C ends the builder, and what it was lent is removed. */
async function interruptible(work: (signal: AbortSignal) => Promise<ExitCode>): Promise<ExitCode> {
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  process.on('SIGINT', leave).on('SIGTERM', leave);
  try {
    return await work(leaving.signal);
  } catch (error) {
    if (!leaving.signal.aborted) throw error;
    notice('Interrupted: the same command goes on from here.');
    return ExitCode.interrupted;
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave);
  }
}
