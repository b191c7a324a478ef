import { ExitCode, PipelineError } from '../../errors.ts';
import type { Builder } from './builder.ts';
import { buildImages, type OnImage } from './build-images.ts';
import { tagText } from './content-tag.ts';
import type { ApiOptions } from '../../aws/client.ts';
import { type Ecr, openEcr } from './ecr.ts';
import { findBuilder } from './find-builder.ts';
import { type ImagePlan, type PipelineImages, planImages } from './plan-images.ts';
import { registryLogin } from './registry-login.ts';

export interface PushRequest {
  pipelines: readonly PipelineImages[];
  /** First part of the repositories' names, and the value of their tag. */
  stack: string;
  ecr: ApiOptions;
  /** `docker`, `podman` or `buildah`; without it the first that works here. */
  builder?: string | undefined;
  buildArgs?: Readonly<Record<string, string>>;
  /** Folder of docker's settings: DOCKER_CONFIG, or `~/.docker`. */
  dockerConfig: string;
  onImage?: OnImage;
  signal?: AbortSignal;
}

/** An image, its repository, and the URI by digest once ECR has it. */
interface Wanted {
  plan: ImagePlan;
  repository: string;
  /** Without tag: `<registry>/<repository>`. */
  address: string;
  uri?: string;
}

/**
 * Brings the images of these pipelines into ECR: what is there is neither built nor pushed, and then no builder is needed.
 * @returns name of each image to its URI by digest (`<registry>/<stack>/<name>@sha256:…`), for `Deployment.images`
 * @throws PipelineError for what `planImages`, `findBuilder` and `buildImages` refuse, `image-push-failed`, and what
 *   AWS refuses. Nothing is recorded by this function.
 */
export async function pushImages(request: PushRequest): Promise<Record<string, string>> {
  const { onImage = () => undefined, signal } = request;
  const ecr = openEcr(request.ecr);
  const all = await planImages(request.pipelines, request.buildArgs);
  const wanted = await Promise.all(all.map((plan) => look(ecr, plan, request.stack)));
  for (const { plan, uri } of wanted)
    if (uri !== undefined) onImage({ name: plan.name, tag: tagText(plan.tag), state: 'in-registry', uri });
  const missing = wanted.filter(({ uri }) => uri === undefined);
  if (missing.length > 0) {
    const builder = await findBuilder(request.builder, signal);
    const plans = missing.map(({ plan }) => plan);
    await buildImages(plans, builder, onImage);
    const authorization = await ecr.authorization();
    for (const image of missing) await push(image, { ...request, onImage }, { ecr, builder, authorization });
  }
  return Object.fromEntries(wanted.map(({ plan, uri = '' }) => [plan.name, uri]));
}

async function look(ecr: Ecr, plan: ImagePlan, stack: string): Promise<Wanted> {
  const repository = `${stack}/${plan.name}`;
  const address = await ecr.ensureRepository(repository, stack);
  const there = await ecr.image(repository, tagText(plan.tag));
  return { plan, repository, address, ...(there ? { uri: `${address}@${there.digest}` } : {}) };
}

interface Means {
  ecr: Ecr;
  builder: Builder;
  authorization: string;
}

/** ECR has the last word: a builder may fail where somebody else has pushed the tag, or not fail where nothing came. */
async function push(image: Wanted, request: PushRequest & { onImage: OnImage }, means: Means): Promise<void> {
  const { plan, repository, address } = image;
  const { ecr, builder, authorization } = means;
  const tag = tagText(plan.tag);
  const about = { name: plan.name, tag, builder: builder.name };
  request.onImage({ ...about, state: 'pushing' });
  const start = performance.now();
  const [registry = ''] = address.split('/');
  using login = registryLogin(registry, authorization, request.dockerConfig);
  const failure = await builder.push(plan.local, `${address}:${tag}`, login.environment).then(
    () => notArrived(`${address}:${tag}`, builder),
    (error: unknown) => toError(error),
  );
  request.signal?.throwIfAborted();
  const there = await ecr.image(repository, tag);
  if (!there) throw failure;
  image.uri = `${address}@${there.digest}`;
  request.onImage({ ...about, state: 'pushed', seconds: (performance.now() - start) / 1000, uri: image.uri });
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function notArrived(where: string, { name }: Builder): PipelineError {
  return new PipelineError({
    code: 'image-push-failed',
    message: `${name} says that it pushed the image, and ECR does not have it`,
    where,
    hint: 'Run the same command again.',
    exitCode: ExitCode.environment,
  });
}
