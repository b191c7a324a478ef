import { ExitCode, PipelineError } from '../errors.ts';
import { DEFAULT_STACK, readDeployment } from '../ledger/deployment.ts';
import { deploymentKey } from '../record/keys.ts';
import { openStore } from '../store/open-store.ts';
import type { Cloud } from './cloud.ts';
import { type DeployEvent, following } from './deploy.ts';
import { checkStackName, standardBucket } from './stack/choices.ts';
import type { StackFacts } from './stack/cloudformation-api.ts';
import { destroyStack } from './stack/deploy-stack.ts';

export interface DestructionRequest {
  /** Of CloudFormation. */
  stack: string;
  /** The stack's bucket, by its name, and `images`. */
  deleteData: readonly string[];
  /** Although jobs are unfinished: they end with their queue. */
  force: boolean;
}

/** What would be deleted. */
export interface Destruction {
  stack: string;
  /** `undefined` where there is no such stack. */
  facts: StackFacts | undefined;
  /** Named, and deleted with all its objects. */
  bucket: string | undefined;
  /** In the bucket; `MAX_COUNTED` stands for more. */
  objects: number;
  /** Named, and deleted with all their images. */
  repositories: string[];
}

export interface Destroyed {
  /** False where there was no stack. */
  removed: boolean;
  /** What the stack created and is still there. */
  kept: { bucket: string | undefined; images: boolean };
}

export type DestroyEvent =
  | Extract<DeployEvent, { kind: 'stack' }>
  | { kind: 'stack-deleted' | 'stack-missing'; stack: string }
  | { kind: 'repository-deleted'; repository: string }
  | { kind: 'bucket-deleted'; bucket: string };

/** Names the image repositories among the data; any other name is a bucket's. */
export const IMAGES = 'images';
/** Objects are counted up to here. */
export const MAX_COUNTED = 10_000;

/**
 * What `destroy` would delete; nothing is.
 * @throws PipelineError `data-not-ours` for a bucket that this stack has not created, `flag-invalid`, `jobs-live`
 */
export async function planDestruction(cloud: Cloud, request: DestructionRequest): Promise<Destruction> {
  const stack = checkStackName(request.stack);
  const facts = await cloud.stacks.stack(stack);
  const bucket = await bucketToDelete(cloud, request, facts);
  const { countObjects } = await import('../store/s3-remove-bucket.ts');
  const objects = bucket === undefined ? 0 : await countObjects(bucket, MAX_COUNTED, cloud.stores.s3);
  const deletesImages = request.deleteData.includes(IMAGES);
  const repositories = deletesImages ? [...(await cloud.ecr.repositories(`${stack}/`)).keys()] : [];
  if (!request.force) await refuseLiveJobs(cloud, facts);
  return { stack, facts, bucket, objects, repositories };
}

/**
 * Deletes the stack, its note in the store, and the data of the plan.
 * @param options `store` where the stack does not tell it
 * @throws PipelineError `stack-failed`
 */
export async function destroy(
  cloud: Cloud,
  plan: Destruction,
  { store, onEvent }: { store?: string | undefined; onEvent: (event: DestroyEvent) => void },
): Promise<Destroyed> {
  const { stack, facts, bucket, repositories } = plan;
  const removed = await destroyStack(cloud.stacks, stack, following(cloud, { onEvent: (event) => onStack(event) }));
  onEvent({ kind: removed ? 'stack-deleted' : 'stack-missing', stack });
  await forgetDeployment(cloud, plan, store ?? facts?.outputs['Store']);
  for (const repository of repositories) {
    await cloud.ecr.removeRepository(repository);
    onEvent({ kind: 'repository-deleted', repository });
  }
  if (bucket !== undefined) {
    const { removeBucket } = await import('../store/s3-remove-bucket.ts');
    await removeBucket(bucket, cloud.stores.s3);
    onEvent({ kind: 'bucket-deleted', bucket });
  }
  const own = facts && ownBucket(facts);
  return { removed, kept: { bucket: own === bucket ? undefined : own, images: !!facts && repositories.length === 0 } };

  function onStack(event: DeployEvent): void {
    if (event.kind === 'stack') onEvent(event);
  }
}

async function bucketToDelete(
  { account, region }: Cloud,
  { stack, deleteData }: DestructionRequest,
  facts: StackFacts | undefined,
): Promise<string | undefined> {
  const buckets = new Set(deleteData.filter((what) => what !== IMAGES));
  const { account: number } = await account.caller();
  const own = [standardBucket(stack, number, region), facts && ownBucket(facts)];
  const strange = [...buckets].find((bucket) => !own.includes(bucket));
  if (strange !== undefined) throw notOurs(strange, facts && ownBucket(facts));
  const [bucket, another] = buckets;
  if (another === undefined) return bucket;
  throw new PipelineError({
    code: 'flag-invalid',
    message: 'One bucket can be deleted with a stack, and several are named',
    where: '--delete-data',
    hint: 'Name the bucket of the stack.',
  });
}

/** The bucket that a stack created under a name that it was given. */
function ownBucket({ parameters }: StackFacts): string | undefined {
  return parameters['MakeBucket'] === 'yes' ? parameters['BucketName'] : undefined;
}

async function refuseLiveJobs({ batch }: Cloud, stack: StackFacts | undefined): Promise<void> {
  // A queue that existed before stays, and so do its jobs.
  if (!stack || stack.parameters['QueueArn'] !== '') return;
  for (const queue of [stack.outputs['Queue'], stack.outputs['OnDemandQueue']]) {
    const [job] = queue === undefined ? [] : await batch.liveJobs(queue);
    if (!job) continue;
    throw new PipelineError({
      code: 'jobs-live',
      message: `Jobs in queue ${queue} are unfinished: ${job.jobName} is ${job.status}`,
      hint: 'Let them finish, or stop them (batch-pipeline cancel). With --force they end with their queue.',
      exitCode: ExitCode.environment,
    });
  }
}

/** Otherwise `run` would use what no longer exists. Another stack's note stays. */
async function forgetDeployment(
  { stores }: Cloud,
  { stack, bucket }: Destruction,
  storeUrl: string | undefined,
): Promise<void> {
  if (storeUrl === undefined || storeUrl.startsWith(`s3://${bucket}/`)) return;
  const store = await openStore(storeUrl.replace(/\/$/, ''), stores);
  const deployed = await readDeployment(store, { ignoreUnreadable: true });
  if (deployed?.stack === stack) await store.remove([deploymentKey]);
}

/** How a user deletes a bucket that `destroy` does not. */
export function deleteByHand(bucket: string): string {
  return `aws s3 rb --force s3://${bucket}`;
}

/** How a user deletes what `destroy` kept of a stack's images. */
export function deleteImagesLater(stack: string): string {
  const flag = stack === DEFAULT_STACK ? '' : ` --stack-name ${stack}`;
  return `batch-pipeline destroy${flag} --delete-data ${IMAGES}`;
}

function notOurs(bucket: string, own: string | undefined): PipelineError {
  return new PipelineError({
    code: 'data-not-ours',
    message: `Bucket "${bucket}" was not created by this stack, and is not deleted with it`,
    where: '--delete-data',
    hint:
      own === undefined
        ? `Give "images", or delete the bucket yourself: ${deleteByHand(bucket)}`
        : `The stack created bucket ${own}.`,
  });
}
