import { DEFAULT_STACK, type Deployment, readDeployment } from '../ledger/deployment.ts';
import { refuseNewerStore } from '../ledger/store-documents.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import type { Cloud } from './cloud.ts';
import type { ImageEvent } from './images/build-images.ts';
import { findBuilder } from './images/builder.ts';
import type { PipelineImages } from './images/plan-images.ts';
import { pushImages } from './images/push-images.ts';
import { noteDeployment } from './note-deployment.ts';
import type { StackChange, StackEvent, StackFacts } from './stack/cloudformation-api.ts';
import { applyStack, planStack } from './stack/deploy-stack.ts';
import { deployedParts } from './note-deployment.ts';
import { type DeploymentRequest, type Intention, stackRequest } from './stack/stack-request.ts';

/** What happens while something is deployed or destroyed. */
export type DeployEvent =
  | { kind: 'bucket-exists'; bucket: string }
  | { kind: 'stack'; event: StackEvent }
  | { kind: 'unchanged'; stack: string }
  /** An image of the store's deployment that this stack's instances cannot pull. */
  | { kind: 'image-dropped'; uri: string; stack: string }
  | { kind: 'image'; event: ImageEvent };

export interface DeployOptions {
  /** Pipelines whose images are pushed. */
  images: readonly PipelineImages[];
  onEvent: (event: DeployEvent) => void;
  /** Ends the waiting; CloudFormation goes on with what it has begun. */
  signal: AbortSignal;
}

export interface Deployed {
  /** `s3://BUCKET/PREFIX` */
  store: string;
  /** As the store has it now. */
  deployment: Deployment;
  /** ARN of the policy for users who run pipelines, where a stack has one. */
  runPolicyArn: string | undefined;
}

/**
 * What `deploy` would change; nothing is.
 * @throws PipelineError for what `stackRequest` refuses, `stack-busy`, `stack-refused`
 */
export async function planDeployment(
  cloud: Cloud,
  request: DeploymentRequest,
  onEvent: DeployOptions['onEvent'],
): Promise<{ stack: string; changes: StackChange[] }> {
  const intention = await intend(cloud, request, onEvent);
  const changes = intention.needsStack ? await planStack(cloud.stacks, intention, following(cloud, { onEvent })) : [];
  return { stack: intention.stack, changes };
}

/**
 * Creates or changes the stack, notes in the store what there is, and pushes images. If interrupted, the same call
 * goes on.
 * @throws PipelineError for what `stackRequest` refuses, `stack-failed`, `stack-refused`, `stack-stuck`, and what
 *   `pushImages` throws
 */
export async function deploy(cloud: Cloud, request: DeploymentRequest, options: DeployOptions): Promise<Deployed> {
  const { onEvent, signal, images } = options;
  const intention = await intend(cloud, request, onEvent);
  // Rather now than when half of what is needed exists.
  if (intention.isNew && images.length > 0) await findBuilder(undefined, signal);
  const stack = intention.needsStack ? await makeStack(cloud, intention, options) : undefined;
  const store = await openDeployedStore(cloud, storeOf(intention, stack), stack, request);
  const repositories = stack && [...(await cloud.ecr.repositories(`${stack.name}/`)).values()];
  const parts = stack ? deployedParts(stack) : givenParts(request);
  const { deployed, dropped } = await noteDeployment(store, { region: cloud.region, parts, repositories });
  for (const uri of dropped) onEvent({ kind: 'image-dropped', uri, stack: stack?.name ?? DEFAULT_STACK });
  const onImage = (event: ImageEvent) => onEvent({ kind: 'image', event });
  const place = { store, environment: cloud.environment };
  if (images.length > 0) await pushImages(place, { pipelines: images, signal, onImage });
  const deployment = images.length > 0 ? ((await readDeployment(store)) ?? deployed) : deployed;
  return { store: store.url, deployment, runPolicyArn: stack?.outputs['RunPolicyArn'] };
}

async function intend(cloud: Cloud, request: DeploymentRequest, onEvent: DeployOptions['onEvent']): Promise<Intention> {
  const intention = await stackRequest(cloud, request);
  const { MakeBucket, BucketName = '' } = intention.wishes;
  if (MakeBucket === 'no') onEvent({ kind: 'bucket-exists', bucket: BucketName });
  return intention;
}

/** How a stack is followed. */
export function following({ pollMs }: Cloud, { onEvent, signal }: Partial<DeployOptions>) {
  const follow = { pollMs, onEvent: (event: StackEvent) => onEvent?.({ kind: 'stack', event }) };
  return signal ? { ...follow, signal } : follow;
}

async function makeStack(cloud: Cloud, intention: Intention, options: DeployOptions): Promise<StackFacts> {
  const { stack, changed } = await applyStack(cloud.stacks, intention, following(cloud, options));
  if (!changed) options.onEvent({ kind: 'unchanged', stack: intention.stack });
  return stack;
}

function storeOf({ wishes }: Intention, stack: StackFacts | undefined): string {
  return (stack?.outputs['Store'] ?? `s3://${wishes.BucketName}/${wishes.Prefix}`).replace(/\/$/, '');
}

/** Without a stack, the key that was given before still holds. */
async function openDeployedStore(
  { stores }: Cloud,
  url: string,
  stack: StackFacts | undefined,
  { kmsKeyArn }: DeploymentRequest,
): Promise<Store> {
  const withKey = (key: string | undefined) =>
    openStore(url, { s3: { ...stores.s3, ...(key ? { kmsKeyId: key } : {}) } });
  if (stack) return withKey(stack.outputs['KmsKeyArn']);
  if (kmsKeyArn !== undefined) return withKey(kmsKeyArn);
  const store = await openStore(url, stores);
  const [before] = await Promise.all([readDeployment(store), refuseNewerStore(store)]);
  return withKey(stores.s3?.kmsKeyId ?? before?.kmsKeyArn);
}

/** Everything exists already: only the store has to know. An empty key is one that no longer holds. */
function givenParts({ queue, jobRoleArn, logGroup, kmsKeyArn }: DeploymentRequest): Partial<Deployment> {
  return {
    ...(queue ? { queue } : {}),
    ...(jobRoleArn ? { jobRoleArn } : {}),
    ...(logGroup ? { logGroup } : {}),
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn: kmsKeyArn || undefined }),
  };
}
