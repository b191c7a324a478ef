import { relative } from 'node:path';
import { ExitCode, PipelineError } from '../../errors.ts';
import { type Deployment, imagesOf, readDeployment } from '../../ledger/deployment.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { Store } from '../../store/store.ts';
import { KMS_KEY, storeOptions } from '../../store/store-options.ts';
import type { Finding } from '../engine.ts';
import { imageOf, namedImages } from '../image-of.ts';
import type { EngineContext, OpenedEngine, PlannedWork, StepEnvironment } from '../provider.ts';
import { openAccountApi, parseEcrImage } from '../../aws/account.ts';
import type { AwsBatchFlags } from './aws-batch-flags.ts';
import { createAwsBatchEngine } from './aws-batch-engine.ts';

/** Where jobs see the folder that all jobs of an instance share. */
const CACHE_IN_CONTAINER = '/var/cache/batch-pipeline';
const IMAGE_PATIENCE_MS = 30_000;
/** A hint is not worth a longer wait. */
const LOOK_PATIENCE_MS = 5_000;

/** What is used, whether it was given or found. */
interface Used {
  context: EngineContext<AwsBatchFlags>;
  region: string | undefined;
  endpoint: string | undefined;
  /** `Deployment.images` */
  pushed: Deployment['images'];
}

/** Flags first, then what `deploy` left in the store, then the environment. */
export async function openAwsBatch(context: EngineContext<AwsBatchFlags>): Promise<OpenedEngine> {
  const { flags, store, environment } = context;
  const deployed = await readDeployment(store);
  const queue = flags.queue ?? deployed?.queue ?? noQueue(store);
  const region = flags.region ?? deployed?.region ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'];
  const endpoint = environment['BATCH_PIPELINE_BATCH_ENDPOINT'];
  const conducts = flags.conductor ?? false;
  const engine = createAwsBatchEngine({
    queue,
    region,
    endpoint,
    conducts,
    storeUrl: store.url,
    jobRoleArn: flags.jobRole ?? deployed?.jobRoleArn,
    conductorRoleArn: deployed?.conductorRoleArn,
    executionRoleArn: flags.executionRole ?? deployed?.executionRoleArn,
    logGroup: flags.logGroup ?? deployed?.logGroup,
    hostFolder: hostFolder(deployed),
    pollIntervalMs: context.pollIntervalMs,
    environment: jobEnvironment(environment),
    lookAtStore: () => storeFindings(context, region),
  });
  const used = { context, region, endpoint, pushed: deployed?.images ?? {} };
  return {
    engine,
    place: region === undefined ? { queue } : { queue, region },
    elsewhere: { bundle: (code) => context.publishBundle({ code, conductor: conducts }) },
    environments: (pipeline) => imageEnvironments(pipeline, used),
    findings: async (planned) => [...inputFindings(planned, store), ...(await outdatedFindings(planned, used))],
  };
}

/** The images of a pipeline's steps, by digest: what stands for their tools in the plan. */
async function imageEnvironments(pipeline: Pipeline, used: Used): Promise<Record<string, StepEnvironment>> {
  const named = namedImages(pipeline, used.context.flags.image);
  const pushed = imagesOf(used.pushed, pipeline.name);
  const entries = pipeline.steps.map(async (step): Promise<[string, StepEnvironment]> => {
    const image = imageOf(step, named, pushed);
    return [step.name, { toolVersions: {}, image: image && (await byDigest(image, used)) }];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Jobs see no file of this machine. */
function inputFindings({ samples, request }: PlannedWork, store: Store): Finding[] {
  const files = [...samples.flatMap((sample) => Object.values(sample.files)), ...Object.values(request.references)];
  const local = files.filter(({ location }) => !location.startsWith('s3://'));
  const [first] = local;
  if (!first) return [];
  const others = local.length > 1 ? ` and ${local.length - 1} more files` : '';
  const message = `Jobs on AWS Batch cannot reach ${first.location}${others}`;
  const hint = `Upload them, and name them there: --inputs ${store.url}/inputs`;
  return [{ level: 'error', subject: 'inputs', message, hint }];
}

/** Images that were pushed before their folder changed: jobs would run in the old ones. */
async function outdatedFindings({ request, jobs }: PlannedWork, used: Used): Promise<Finding[]> {
  const { loaded, environments } = request;
  const { region, endpoint, pushed, context } = used;
  const needed = new Set(jobs.map(({ step }) => environments[step]?.image));
  const images = Object.entries(imagesOf(pushed, loaded.pipeline.name)).filter(([, uri]) => needed.has(uri));
  if (images.length === 0) return [];
  const options = { region, endpoint, patienceMs: LOOK_PATIENCE_MS };
  const outdated = await context.outdatedImages(loaded, Object.fromEntries(images), options);
  const hint = `Push it: ${pushCommand(loaded.source, context.store)}`;
  return outdated.map((name) => {
    const message = `The folder of image ${name} has changed since it was pushed: jobs run in the image as it was`;
    return { level: 'warning', subject: `image ${name}`, message, hint };
  });
}

function pushCommand(source: string, store: Store): string {
  const pipeline = source.startsWith('builtin:') ? source.replace('builtin:', '') : relative('', source);
  return `batch-pipeline --store ${store.url} images push ${pipeline}`;
}

/** A tag may point elsewhere tomorrow. Images in registries other than ECR are used as named. */
async function byDigest(image: string, { region, endpoint }: Used): Promise<string> {
  const ecr = parseEcrImage(image);
  if (!ecr || ecr.digest !== undefined) return image;
  const account = openAccountApi({ region, endpoint, patienceMs: IMAGE_PATIENCE_MS });
  const digest = await account.imageDigest(ecr);
  if (digest !== undefined) return `${image.replace(/:[^:/]*$/, '')}@${digest}`;
  throw new PipelineError({
    code: 'image-missing',
    message: `ECR has no image ${image}`,
    hint: 'Push it: batch-pipeline images push PIPELINE',
    exitCode: ExitCode.environment,
  });
}

function hostFolder(deployed: Deployment | undefined): { hostPath: string; containerPath: string } | undefined {
  return deployed?.hostFolder === undefined
    ? undefined
    : { hostPath: deployed.hostFolder, containerPath: CACHE_IN_CONTAINER };
}

/**
 * Jobs must reach the same S3-compatible server as this process, and write with the same key; a conductor polls as
 * often.
 */
function jobEnvironment(environment: EngineContext['environment']): Record<string, string> {
  const endpoint = environment['BATCH_PIPELINE_S3_ENDPOINT'];
  const seconds = environment['BATCH_PIPELINE_POLL_SECONDS'];
  const kmsKey = environment[KMS_KEY];
  return {
    ...(kmsKey ? { [KMS_KEY]: kmsKey } : {}),
    ...(endpoint ? { BATCH_PIPELINE_S3_ENDPOINT: endpoint, AWS_ENDPOINT_URL_S3: endpoint } : {}),
    ...(seconds ? { BATCH_PIPELINE_POLL_SECONDS: seconds } : {}),
  };
}

async function storeFindings({ store, environment }: EngineContext, region: string | undefined): Promise<Finding[]> {
  const { lookAtBucket } = await import('../../store/s3-look.ts');
  const facts = await lookAtBucket(store.url, storeOptions(environment).s3);
  if (!facts) return [];
  const subject = `bucket ${facts.bucket}`;
  const elsewhere = facts.region !== undefined && region !== undefined && facts.region !== region;
  const findings: Finding[] = [
    { level: 'ok', subject, message: `region ${facts.region ?? 'unknown'}, encryption ${facts.defaultEncryption}` },
  ];
  if (!elsewhere) return findings;
  const message = `The bucket is in ${facts.region}, the queue in ${region}: every byte that crosses costs`;
  return [...findings, { level: 'warning', subject, message, hint: 'Use a queue in the region of the data.' }];
}

function noQueue(store: Store): never {
  throw new PipelineError({
    code: 'queue-missing',
    message: `No job queue is named, and none was deployed for ${store.url}`,
    hint: 'Name one with --queue, or make one with "batch-pipeline deploy".',
  });
}
