import { ExitCode, PipelineError } from '../../errors.ts';
import { DEFAULT_STACK, readDeployment } from '../../ledger/deployment.ts';
import { standardBucket } from '../../deploy/stack/choose-bucket.ts';
import type { StackFacts } from '../../deploy/stack/cloudformation-api.ts';
import { destroyStack } from '../../deploy/stack/destroy-stack.ts';
import { deploymentKey } from '../../record/keys.ts';
import { openStore } from '../../store/open-store.ts';
import { count } from '../../views/columns.ts';
import { type Cloud, openCloud } from '../cloud.ts';
import { confirm } from '../confirm.ts';
import { checkStackName } from '../deploy-flags.ts';
import { notice, printJson } from '../print.ts';
import { storeOptions } from '../../store/store-options.ts';

export interface DestroyFlags {
  store?: string;
  json?: boolean;
  stackName: string;
  region?: string;
  deleteData?: string[];
  yes?: boolean;
  force?: boolean;
}

/** What `--delete-data` says for the image repositories; anything else is a bucket's name. */
const IMAGES = 'images';
/** More objects than this are only said to be many. */
const COUNTED = 10_000;

/** `batch-pipeline destroy`: the stack goes, data only if they are named. */
export async function destroyCommand(flags: DestroyFlags): Promise<ExitCode> {
  const name = checkStackName(flags.stackName);
  const cloud = await openCloud(flags.region);
  const stack = await cloud.stacks.stack(name);
  const data = await dataToDelete(cloud, name, stack, flags.deleteData ?? []);
  if (!flags.force) await refuseLiveJobs(cloud, stack);
  await confirmData(data, flags.yes);
  const removed = await destroyStack(cloud.stacks, name, cloud.following);
  notice(removed ? `Stack ${name} is gone.` : `There is no stack ${name}.`);
  await forgetDeployment(name, flags.store ?? stack?.outputs['Store'], data.bucket);
  await deleteData(cloud, data);
  if (stack) tellWhatStays(stack, data);
  if (flags.json) printJson({ stack: name, removed, bucket: data.bucket, repositories: data.repositories });
  return ExitCode.ok;
}

interface Data {
  bucket: string | undefined;
  objects: number;
  repositories: string[];
}

/** @throws PipelineError `data-not-ours` for a bucket that this stack has not made, `flag-invalid` for several */
async function dataToDelete(
  { account, region, ecr }: Cloud,
  name: string,
  stack: StackFacts | undefined,
  named: readonly string[],
): Promise<Data> {
  const buckets = named.filter((what) => what !== IMAGES);
  const { account: number } = await account.caller();
  const own = [standardBucket(name, number, region)];
  if (stack?.parameters['MakeBucket'] === 'yes') own.push(stack.parameters['BucketName'] ?? '');
  const strange = buckets.find((bucket) => !own.includes(bucket));
  if (strange !== undefined) throw notOurs(strange, stack);
  const [bucket, another] = new Set(buckets);
  if (another !== undefined) throw twoBuckets();
  const { countObjects } = await import('../../store/s3-remove-bucket.ts');
  return {
    bucket,
    objects: bucket === undefined ? 0 : await countObjects(bucket, COUNTED, storeOptions(process.env).s3),
    repositories: named.includes(IMAGES) ? [...(await ecr.repositories(`${name}/`)).keys()] : [],
  };
}

async function refuseLiveJobs({ batch }: Cloud, stack: StackFacts | undefined): Promise<void> {
  // A queue that was there before stays, and so do its jobs.
  if (!stack || stack.parameters['QueueArn'] !== '') return;
  for (const queue of [stack.outputs['Queue'], stack.outputs['OnDemandQueue']]) {
    const [job] = queue === undefined ? [] : await batch.liveJobs(queue);
    if (!job) continue;
    throw new PipelineError({
      code: 'jobs-live',
      message: `Jobs in queue ${queue} are not over: ${job.jobName} is ${job.status}`,
      hint: 'Let them end, or stop them (batch-pipeline cancel). With --force they end with their queue.',
      exitCode: ExitCode.environment,
    });
  }
}

async function confirmData({ bucket, objects, repositories }: Data, yes: boolean | undefined): Promise<void> {
  const many = objects >= COUNTED ? `${COUNTED.toLocaleString('en')} or more objects` : count(objects, 'object');
  if (bucket !== undefined) await confirm(`Bucket ${bucket} with ${many} is deleted for good.`, bucket, yes);
  if (repositories.length > 0)
    await confirm(`${repositories.join(', ')}: all images in there are deleted for good.`, IMAGES, yes);
}

/** `run` would use what is gone. Another stack's note stays. */
async function forgetDeployment(
  name: string,
  storeUrl: string | undefined,
  deleted: string | undefined,
): Promise<void> {
  if (storeUrl === undefined || storeUrl.startsWith(`s3://${deleted}/`)) return;
  const store = await openStore(storeUrl.replace(/\/$/, ''), storeOptions(process.env));
  const deployed = await readDeployment(store, { ignoreUnreadable: true });
  if (deployed?.stack === name) await store.remove([deploymentKey]);
}

async function deleteData({ ecr }: Cloud, data: Data): Promise<void> {
  for (const name of data.repositories) {
    await ecr.removeRepository(name);
    notice(`Repository ${name} is gone.`);
  }
  if (data.bucket === undefined) return;
  const { removeBucket } = await import('../../store/s3-remove-bucket.ts');
  await removeBucket(data.bucket, storeOptions(process.env).s3);
  notice(`Bucket ${data.bucket} is gone.`);
}

/** Without the stack nobody knows that a bucket with a name of the user's was made by it. */
function tellWhatStays({ name, parameters }: StackFacts, { bucket, repositories }: Data): void {
  const own = parameters['MakeBucket'] === 'yes' ? parameters['BucketName'] : undefined;
  if (own !== undefined && own !== bucket) notice(`Bucket ${own} stays; to delete it: ${byHand(own)}`);
  const flag = name === DEFAULT_STACK ? '' : ` --stack-name ${name}`;
  if (repositories.length === 0)
    notice(`Images below ${name}/ stay; to delete them: batch-pipeline destroy${flag} --delete-data ${IMAGES}`);
}

function byHand(bucket: string): string {
  return `aws s3 rb --force s3://${bucket}`;
}

function twoBuckets(): PipelineError {
  return new PipelineError({
    code: 'flag-invalid',
    message: 'One bucket can be deleted with a stack, and several are named',
    where: '--delete-data',
    hint: 'Name the bucket of the stack.',
  });
}

function notOurs(bucket: string, stack: StackFacts | undefined): PipelineError {
  const own = stack?.parameters['MakeBucket'] === 'yes' ? stack.parameters['BucketName'] : undefined;
  return new PipelineError({
    code: 'data-not-ours',
    message: `Bucket "${bucket}" was not made by this stack, and is not deleted with it`,
    where: '--delete-data',
    hint:
      own === undefined
        ? `Give "images", or delete the bucket yourself: ${byHand(bucket)}`
        : `The stack made bucket ${own}.`,
  });
}
