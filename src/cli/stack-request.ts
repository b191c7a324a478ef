import { ExitCode, PipelineError } from '../errors.ts';
import { chooseBucket, standardBucket } from '../deploy/stack/choose-bucket.ts';
import { checkKey } from '../deploy/stack/check-key.ts';
import { chooseNetwork } from '../deploy/stack/choose-network.ts';
import type { StackRequest } from '../deploy/stack/deploy-stack.ts';
import type { StackFacts } from '../deploy/stack/cloudformation-api.ts';
import type { StackWishes } from '../deploy/stack/stack-parameters.ts';
import { stackState } from '../deploy/stack/stack-state.ts';
import type { Cloud } from './cloud.ts';
import { checkStackName, type DeployFlags, namedBucket, plainWishes } from './deploy-flags.ts';
import { notice } from './print.ts';
import { storeOptions } from '../store/store-options.ts';

/** What is to be deployed, and what of it is there. */
export interface Intention extends StackRequest {
  /** Where everything that a stack would make for a run is named: there is nothing to make. */
  needsStack: boolean;
  /** There was no stack before: nothing has been paid for yet. */
  isNew: boolean;
}

/**
 * Looks at the account, and makes of the flags what to ask CloudFormation for. Changes nothing.
 * @throws PipelineError `key-change`, and what the flags or the account do not allow
 */
export async function stackRequest(cloud: Cloud, flags: DeployFlags): Promise<Intention> {
  const stack = checkStackName(flags.stackName);
  const plain = plainWishes(flags);
  const named = namedBucket(flags, process.env['BATCH_PIPELINE_STORE']);
  const { account, arn } = await cloud.account.caller();
  const there = await cloud.stacks.stack(stack);
  const before = wholeStack(there)?.parameters;
  checkKey(before?.['KmsKeyArn'], flags.kmsKey);
  const { bucketExists } = await import('../store/s3-look.ts');
  const bucket = await chooseBucket({
    ...{ named, before, standard: standardBucket(stack, account, cloud.region) },
    exists: (name) => bucketExists(name, storeOptions(process.env).s3),
  });
  if (bucket.MakeBucket === 'no') notice(`Bucket ${bucket.BucketName} is there: it is used as it is.`);
  const queue = flags.queue === undefined ? {} : { QueueArn: flags.queue && (await queueArn(cloud, flags.queue)) };
  const wishes: StackWishes = {
    ...{ ...bucket, ...plain, ...queue, ...inputObjects(arn, flags) },
    ...(await networkWishes(cloud, flags, before)),
  };
  const givesAll = bucket.MakeBucket === 'no' && [flags.queue, flags.jobRole, flags.logGroup].every(Boolean);
  if (givesAll && there === undefined) refuseStackFlags(flags);
  return { stack, wishes, needsStack: there !== undefined || !givesAll, isNew: there === undefined };
}

/** Settings of what a stack makes, where none is made. */
const STACK_FLAGS = [
  'subnets',
  'maxVcpus',
  'instanceTypes',
  'disk',
  'inputBucket',
  'intermediateDays',
  'fastqDays',
] as const;

function refuseStackFlags(flags: DeployFlags): void {
  const idle = STACK_FLAGS.find((flag) => flags[flag] !== undefined);
  if (idle === undefined) return;
  const flag = `--${idle.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new PipelineError({
    code: 'flag-invalid',
    message: `Bucket, queue, role and log group are given, so nothing is created that ${flag} could apply to`,
    where: flag,
    hint: `Leave out ${flag}.`,
  });
}

/** Not one whose creation failed, or was never begun: nothing of it is kept. */
function wholeStack(stack: StackFacts | undefined): StackFacts | undefined {
  const state = stackState(stack?.status);
  return state === 'create' || state === 'clear-away' ? undefined : stack;
}

async function networkWishes(
  { network }: Cloud,
  { queue, subnets }: DeployFlags,
  before: Readonly<Record<string, string>> | undefined,
): Promise<StackWishes> {
  const named = subnets?.split(',').map((id) => id.trim());
  if (named) return chooseNetwork(network, named);
  // A network is kept; a queue that is given needs none.
  if (queue !== undefined && queue !== '') return before ? {} : { VpcId: '', SubnetIds: '' };
  return before?.['VpcId'] ? {} : chooseNetwork(network, undefined);
}

async function queueArn({ batch }: Cloud, name: string): Promise<string> {
  const queue = await batch.describeQueue(name);
  if (queue) return queue.arn;
  throw new PipelineError({
    code: 'queue-missing',
    message: `There is no job queue "${name}" here`,
    where: '--queue',
    hint: 'Check its name and the region, or leave it away: the stack makes one.',
    exitCode: ExitCode.environment,
  });
}

function inputObjects(callerArn: string, { inputBucket }: DeployFlags): StackWishes {
  if (!inputBucket) return {};
  const partition = callerArn.split(':')[1] || 'aws';
  return { InputObjects: inputBucket.map((name) => `arn:${partition}:s3:::${name}/*`).join(',') };
}
