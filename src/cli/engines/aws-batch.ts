import { relative } from 'node:path';
import { ExitCode, PipelineError } from '../../errors.ts';
import { type Deployment, readDeployment } from '../../deploy/deployment.ts';
import { openAccountApi, parseEcrImage } from '../../engine/aws-batch/account-api.ts';
import { createAwsBatchEngine } from '../../engine/aws-batch/aws-batch-engine.ts';
import type { Finding } from '../../engine/engine.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { Prepared, StepEnvironment } from '../../run/prepare.ts';
import type { Store } from '../../store/store.ts';
import type { Elsewhere, EngineFlags, OpenedEngine } from '../engines.ts';
import { KMS_KEY, storeOptions } from '../../store/store-options.ts';
import { imageOf, namedImages } from './image-of.ts';

/** Where jobs see the folder that all jobs of an instance share. */
const CACHE_IN_CONTAINER = '/var/cache/batch-pipeline';
const IMAGE_PATIENCE_MS = 30_000;
/** For a hint nobody waits longer. */
const LOOK_PATIENCE_MS = 5_000;

/** Flags first, then what `deploy` left in the store, then the environment. */
export async function openAwsBatch(flags: EngineFlags, store: Store): Promise<OpenedEngine> {
  const deployed = await readDeployment(store);
  const queue = flags.queue ?? deployed?.queue ?? noQueue(store);
  const region = flags.region ?? deployed?.region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  const place = { queue, ...given('region', region) };
  const engine = createAwsBatchEngine({
    ...place,
    storeUrl: store.url,
    ...given('jobRoleArn', flags.jobRole ?? deployed?.jobRoleArn),
    ...given('conductorRoleArn', deployed?.conductorRoleArn),
    conducts: flags.conductor === true,
    ...given('executionRoleArn', flags.executionRole ?? deployed?.executionRoleArn),
    ...given('logGroup', flags.logGroup ?? deployed?.logGroup),
    ...given('hostFolder', hostFolder(deployed)),
    ...given('endpoint', process.env['BATCH_PIPELINE_BATCH_ENDPOINT']),
    ...given('pollIntervalMs', pollInterval()),
    environment: jobEnvironment(),
    lookAtStore: () => storeFindings(store, region),
  });
  const used = { ...flags, ...place };
  const pushed = deployed?.images ?? {};
  return {
    ...{ engine, place, elsewhere: elsewhereOf(flags, store) },
    environments: (pipeline) => imageEnvironments(pipeline, used, pushed),
    findings: async (prepared) => [...inputFindings(prepared), ...(await outdatedFindings(prepared, used, pushed))],
  };
}

/** What runs on AWS Batch need besides the engine. */
function elsewhereOf(flags: EngineFlags, store: Store): Elsewhere {
  return {
    async bundle(code) {
      const [{ buildBundle }, { publishZip }] = await Promise.all([
        import('../../deploy/bundle.ts'),
        import('../../deploy/zip.ts'),
      ]);
      return publishZip(store, await buildBundle({ code, conductor: flags.conductor ?? false }));
    },
  };
}

/** The images of a pipeline's steps, by digest: what stands for their tools in the plan. */
async function imageEnvironments(
  pipeline: Pipeline,
  flags: EngineFlags,
  pushed: Deployment['images'],
): Promise<Record<string, StepEnvironment>> {
  const named = namedImages(pipeline, flags.image);
  const entries = pipeline.steps.map(async (step): Promise<[string, StepEnvironment]> => {
    const image = imageOf(step, named, pushed);
    return [step.name, { toolVersions: {}, ...given('image', image && (await byDigest(image, flags.region))) }];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Jobs see no file of this machine. */
function inputFindings({ samples, request }: Prepared): Finding[] {
  const files = [...samples.flatMap((sample) => Object.values(sample.files)), ...Object.values(request.references)];
  const local = files.filter(({ location }) => !location.startsWith('s3://'));
  const [first] = local;
  if (!first) return [];
  const others = local.length > 1 ? ` and ${local.length - 1} more files` : '';
  const message = `Jobs on AWS Batch cannot reach ${first.location}${others}`;
  const hint = `Upload them, and name them there: --inputs ${request.store.url}/inputs`;
  return [{ level: 'error', subject: 'inputs', message, hint }];
}

/** Images that were pushed before their folder changed: jobs would run in the old ones. */
async function outdatedFindings(
  { request, jobs }: Prepared,
  flags: EngineFlags,
  pushed: Deployment['images'],
): Promise<Finding[]> {
  const { loaded, store, environments } = request;
  const atWork = new Set(jobs.map(({ step }) => environments[step]?.image));
  const used = Object.entries(pushed).filter(([, uri]) => atWork.has(uri));
  if (used.length === 0) return [];
  const { outdatedImages } = await import('../../deploy/images/outdated-images.ts');
  const options = {
    region: flags.region,
    ...given('endpoint', process.env['BATCH_PIPELINE_BATCH_ENDPOINT']),
  };
  const outdated = await outdatedImages(loaded, Object.fromEntries(used), { ...options, patienceMs: LOOK_PATIENCE_MS });
  const hint = `Push it: ${pushCommand(loaded.source, store)}`;
  return outdated.map((name) => {
    const message = `The folder of image ${name} has changed since it was pushed: jobs run in the image as it was`;
    return { level: 'warning', subject: `image ${name}`, message, hint };
  });
}

function pushCommand(source: string, store: Store): string {
  const pipeline = source.startsWith('builtin:') ? source.replace('builtin:', '') : relative('', source);
  return `batch-pipeline --store ${store.url} images push ${pipeline}`;
}

/** A tag may point elsewhere tomorrow. What lies in another registry than ECR is taken as it is named. */
async function byDigest(image: string, region: string | undefined): Promise<string> {
  const ecr = parseEcrImage(image);
  if (!ecr || ecr.digest !== undefined) return image;
  const account = openAccountApi({
    region,
    endpoint: process.env['BATCH_PIPELINE_BATCH_ENDPOINT'],
    patienceMs: IMAGE_PATIENCE_MS,
  });
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

/** Jobs have to reach the same S3-compatible server as we do, and write with the same key; a conductor polls as often. */
function jobEnvironment(): Record<string, string> {
  const endpoint = process.env['BATCH_PIPELINE_S3_ENDPOINT'];
  const seconds = process.env['BATCH_PIPELINE_POLL_SECONDS'];
  const kmsKey = process.env[KMS_KEY];
  return {
    ...(kmsKey ? { [KMS_KEY]: kmsKey } : {}),
    ...(endpoint ? { BATCH_PIPELINE_S3_ENDPOINT: endpoint, AWS_ENDPOINT_URL_S3: endpoint } : {}),
    ...(seconds ? { BATCH_PIPELINE_POLL_SECONDS: seconds } : {}),
  };
}

/** `BATCH_PIPELINE_POLL_SECONDS`: for tests that want less. */
function pollInterval(): number | undefined {
  const seconds = Number(process.env['BATCH_PIPELINE_POLL_SECONDS']);
  return seconds > 0 ? seconds * 1000 : undefined;
}

async function storeFindings(store: Store, region: string | undefined): Promise<Finding[]> {
  const { lookAtBucket } = await import('../../store/s3-look.ts');
  const facts = await lookAtBucket(store.url, storeOptions(process.env).s3);
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

function given<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]?: V });
}
