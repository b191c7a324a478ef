import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { ExitCode, PipelineError } from '../../errors.ts';
import { DEFAULT_STACK, imageKey, readDeployment, writeDeployment } from '../../ledger/deployment.ts';
import type { Store } from '../../store/store.ts';
import type { ApiOptions } from '../../aws/client.ts';
import { type Builder, findBuilder } from './builder.ts';
import { type BuildOptions, buildPlanned, type OnImage } from './build-images.ts';
import { tagText } from './content-tag.ts';
import { type Ecr, openEcr } from './ecr.ts';
import { imageFolders, type ImagePlan, planImages } from './plan-images.ts';

export interface PushOptions extends BuildOptions {
  /** Of the registry; without it that of the deployment, or of the environment. */
  region?: string | undefined;
}

/** A store, and the variables of the process: `run/workspace.ts` has both. */
export interface Place {
  store: Store;
  environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Brings the images of these pipelines into ECR, and notes them in the store's deployment.
 * @returns name of each image to its URI by digest (`<registry>/<stack>/<name>@sha256:…`)
 * @throws PipelineError for what `planImages`, `findBuilder` and the builder refuse, `image-push-failed`, and what AWS
 *   refuses; nothing is noted then
 */
export async function pushImages(place: Place, options: PushOptions): Promise<Record<string, string>> {
  const { store, environment } = place;
  const deployed = await readDeployment(store);
  const ecr = openEcr(ecrOptions(environment, options.region ?? deployed?.region));
  const dockerConfig = environment['DOCKER_CONFIG'] ?? join(homedir(), '.docker');
  const images = await pushMissing({ ...options, ecr, stack: deployed?.stack ?? DEFAULT_STACK, dockerConfig });
  const entries = options.pipelines.flatMap((loaded) =>
    imageFolders([loaded]).map(({ name }) => [imageKey(loaded.pipeline.name, name), images[name] ?? ''] as const),
  );
  const none = { version: 1 as const, region: await ecr.region(), images: {} };
  // Read again, right before it is written: building takes minutes, and others may have pushed theirs.
  const now = (await readDeployment(store)) ?? none;
  await writeDeployment(store, { ...now, images: { ...now.images, ...Object.fromEntries(entries) } });
  return images;
}

/** Where ECR is asked. */
export function ecrOptions(environment: Place['environment'], region: string | undefined): ApiOptions {
  return {
    region: region ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'],
    endpoint: environment['BATCH_PIPELINE_BATCH_ENDPOINT'],
  };
}

interface PushRequest extends BuildOptions {
  /** First part of the repositories' names, and the value of their tag. */
  stack: string;
  ecr: Ecr;
  /** Folder of docker's settings. */
  dockerConfig: string;
}

/** An image, its repository, and the URI by digest once ECR has it. */
interface Wanted {
  plan: ImagePlan;
  repository: string;
  /** Without tag: `<registry>/<repository>`. */
  address: string;
  uri?: string;
}

/** What is in ECR is neither built nor pushed, and then no builder is needed. */
async function pushMissing(request: PushRequest): Promise<Record<string, string>> {
  const { ecr, onImage = () => undefined, signal } = request;
  const all = await planImages(request.pipelines, request.buildArgs);
  const wanted = await Promise.all(all.map((plan) => look(ecr, plan, request.stack)));
  for (const { plan, uri } of wanted)
    if (uri !== undefined) onImage({ name: plan.name, tag: tagText(plan.tag), state: 'in-registry', uri });
  const missing = wanted.filter(({ uri }) => uri === undefined);
  if (missing.length > 0) {
    const builder = await findBuilder(request.builder, signal);
    const plans = missing.map(({ plan }) => plan);
    await buildPlanned(plans, builder, onImage);
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

/** ECR decides: a builder may fail although another process has pushed the tag, or succeed although nothing arrived. */
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
    message: `${name} reported a push, but ECR does not have the image`,
    where,
    hint: 'Run the same command again.',
    exitCode: ExitCode.environment,
  });
}

/** A registry's password in a folder of its own: in no argument, no variable and no file of the user's. */
export interface RegistryLogin {
  /** Variables that lead docker, podman and buildah there. */
  environment: Record<string, string>;
  /** Removes it. */
  [Symbol.dispose](): void;
}

/**
 * @param registry `123456789012.dkr.ecr.us-east-1.amazonaws.com`
 * @param authorization `user:password` in base64
 * @param dockerConfig folder of docker's own settings: its contexts tell where the engine is
 */
function registryLogin(registry: string, authorization: string, dockerConfig: string): RegistryLogin {
  const folder = mkdtempSync(join(tmpdir(), 'batch-pipeline-login-'));
  const file = join(folder, 'config.json');
  const auths = { [registry]: { auth: authorization } };
  writeFileSync(file, JSON.stringify({ auths, ...currentContext(dockerConfig) }), { mode: 0o600 });
  symlinkSync(join(dockerConfig, 'contexts'), join(folder, 'contexts'));
  return {
    environment: { DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: file },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** docs.docker.com/engine/manage-resources/contexts/ */
function currentContext(dockerConfig: string): { currentContext?: string } {
  const file = join(dockerConfig, 'config.json');
  if (!existsSync(file)) return {};
  const { currentContext: name } = JSON.parse(readFileSync(file, 'utf8')) as { currentContext?: unknown };
  return typeof name === 'string' ? { currentContext: name } : {};
}
