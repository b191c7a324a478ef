import { ExitCode, PipelineError } from '../../errors.ts';
import type { Cloud } from '../cloud.ts';
import { bucketWishes, checkKey, checkStackName, networkWishes, standardBucket } from './choices.ts';
import type { StackFacts } from './cloudformation-api.ts';
import type { StackWishes } from './stack-template.ts';
import { stackState } from './stack-state.ts';

/** What to deploy. Omitted settings keep their current value, or get the template's default. */
export interface DeploymentRequest {
  /** Of CloudFormation; other names begin with it. */
  stack: string;
  /** `s3://BUCKET/PREFIX`; the bucket is created where it is missing. */
  store?: string | undefined;
  /** An existing bucket, instead of `store`. */
  bucket?: string | undefined;
  /** Existing parts, to use instead of those that the stack creates; an empty text returns to the latter. */
  queue?: string | undefined;
  jobRoleArn?: string | undefined;
  logGroup?: string | undefined;
  kmsKeyArn?: string | undefined;
  subnets?: readonly string[] | undefined;
  maxVcpus?: number | undefined;
  /** Types or families, with commas. */
  instanceTypes?: string | undefined;
  diskGiB?: number | undefined;
  /** Names of buckets besides the store's that jobs may read. */
  inputBuckets?: readonly string[] | undefined;
  /** Days that outputs of intermediate steps are kept; 0 for ever. */
  intermediateDays?: number | undefined;
}

/** What is to be deployed, and what of it exists. */
export interface Intention {
  stack: string;
  wishes: StackWishes;
  /** False where everything that a stack would create for a run is given: there is nothing to create. */
  needsStack: boolean;
  /** There was no stack before: nothing has been paid for yet. */
  isNew: boolean;
}

/**
 * Looks at the account, and turns a request into the parameters of a stack. Changes nothing.
 * @throws PipelineError `flag-invalid`, `key-change`, `bucket-missing`, `queue-missing`, `network-missing`…
 */
export async function stackRequest(cloud: Cloud, request: DeploymentRequest): Promise<Intention> {
  const stack = checkStackName(request.stack);
  const { account, arn } = await cloud.account.caller();
  const there = await cloud.stacks.stack(stack);
  const before = wholeStack(there)?.parameters;
  checkKey(before?.['KmsKeyArn'], request.kmsKeyArn);
  const { bucketExists } = await import('../../store/s3-look.ts');
  const bucket = await bucketWishes({
    request,
    before,
    standard: standardBucket(stack, account, cloud.region),
    exists: (name) => bucketExists(name, cloud.stores.s3),
  });
  const wishes: StackWishes = {
    ...plainWishes(request, arn),
    ...bucket,
    ...(await queueWishes(cloud, request)),
    ...(await networkWishes(cloud.network, request, before)),
  };
  const { queue, jobRoleArn, logGroup } = request;
  const givesAll = bucket.MakeBucket === 'no' && [queue, jobRoleArn, logGroup].every(Boolean);
  if (givesAll && there === undefined) refuseIdle(request);
  return { stack, wishes, needsStack: there !== undefined || !givesAll, isNew: there === undefined };
}

function plainWishes(request: DeploymentRequest, callerArn: string): StackWishes {
  const partition = callerArn.split(':')[1] || 'aws';
  const wishes = {
    JobRoleArn: request.jobRoleArn,
    LogGroupName: request.logGroup,
    KmsKeyArn: request.kmsKeyArn,
    InstanceTypes: request.instanceTypes,
    MaxVcpus: request.maxVcpus?.toString(),
    DiskGiB: request.diskGiB?.toString(),
    IntermediateDays: request.intermediateDays?.toString(),
    InputObjects: request.inputBuckets?.map((name) => `arn:${partition}:s3:::${name}/*`).join(','),
  };
  return Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== undefined)) as StackWishes;
}

async function queueWishes({ batch }: Cloud, { queue }: DeploymentRequest): Promise<StackWishes> {
  if (queue === undefined) return {};
  if (queue === '') return { QueueArn: '' };
  const found = await batch.describeQueue(queue);
  if (found) return { QueueArn: found.arn };
  throw new PipelineError({
    code: 'queue-missing',
    message: `There is no job queue "${queue}" here`,
    where: '--queue',
    hint: 'Check its name and the region, or omit it: the stack creates one.',
    exitCode: ExitCode.environment,
  });
}

/** Settings of what a stack creates, and their flags. */
const OF_A_STACK = {
  subnets: '--subnets',
  maxVcpus: '--max-vcpus',
  instanceTypes: '--instance-types',
  diskGiB: '--disk',
  inputBuckets: '--input-bucket',
  intermediateDays: '--intermediate-days',
} as const;

/** Where no stack is created. */
function refuseIdle(request: DeploymentRequest): void {
  const names = Object.keys(OF_A_STACK) as (keyof typeof OF_A_STACK)[];
  const idle = names.find((name) => request[name] !== undefined);
  if (idle === undefined) return;
  throw new PipelineError({
    code: 'flag-invalid',
    message: `Bucket, queue, role and log group are given, so nothing is created that ${OF_A_STACK[idle]} could apply to`,
    where: OF_A_STACK[idle],
    hint: `Omit ${OF_A_STACK[idle]}.`,
  });
}

/** Not one whose creation failed, or never began: nothing of it is kept. */
function wholeStack(stack: StackFacts | undefined): StackFacts | undefined {
  const state = stackState(stack?.status);
  return state === 'create' || state === 'clear-away' ? undefined : stack;
}
