import { messageOf, PipelineError } from '../../errors.ts';
import type { Finding, StepNeed } from '../engine.ts';
import { type AccountApi, type InstanceSize, openAccountApi, parseEcrImage } from '../../aws/account.ts';
import type { ApiOptions } from '../../aws/client.ts';
import type { EnvironmentFacts } from './batch-types.ts';
import { fit } from './fit.ts';
import type { LogsApi } from './logs-api.ts';
import { type AwsBatchOptions, DEFAULT_LOG_GROUP } from './options.ts';
import { type QueueLook, usableEnvironments } from './queue-look.ts';
import { roleFindings } from './role-check.ts';
import { queueTrouble } from './stuck.ts';

export interface CheckContext {
  queue: QueueLook;
  logs: LogsApi;
  options: AwsBatchOptions;
  logGroup: string;
  connection: ApiOptions;
}

/**
 * The instance families of `optimal` and `default_x86_64`:
 * docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html
 */
const OPTIMAL = ['m6i', 'c6i', 'r6i', 'c7i'];
/** For more is asked what is missing, not waited for. */
const CHECK_PATIENCE_MS = 30_000;

/** Checks the account for jobs with these needs; submits nothing, registers nothing. */
export async function check(context: CheckContext, needs: readonly StepNeed[]): Promise<Finding[]> {
  const account = openAccountApi({ ...context.connection, patienceMs: CHECK_PATIENCE_MS });
  const caller = await finding('AWS account', 'error', async () => {
    const { account: number, arn } = await account.caller();
    return [{ level: 'ok', subject: 'AWS account', message: `${number}, as ${arn}` }];
  });
  // Nothing else can be checked without credentials.
  if (caller.some(({ level }) => level === 'error')) return caller;
  const looks = await Promise.all([
    finding('job queue', 'error', () => queueFindings(context, account, needs)),
    finding('images', 'error', () => imageFindings(account, needs)),
    finding('job role', 'warning', () => roleFindings(account, context.options, () => queueArn(context))),
    finding('log group', 'warning', () => logFindings(context)),
    finding('bucket', 'error', async () => (await context.options.lookAtStore?.()) ?? []),
  ]);
  return [...caller, ...storeFindings(context.options), ...looks.flat()];
}

/** The result of a check, or why it could not be made. */
async function finding(
  subject: string,
  failed: 'error' | 'warning',
  look: () => Promise<Finding[]>,
): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    const denied = error instanceof PipelineError && error.code === 'aws-denied';
    const hint = error instanceof PipelineError && error.hint !== undefined ? { hint: error.hint } : {};
    const message = denied ? `could not be looked at: ${messageOf(error)}` : messageOf(error);
    return [{ level: denied ? 'warning' : failed, subject, message, ...hint }];
  }
}

async function queueArn({ queue }: CheckContext): Promise<string | undefined> {
  return (await queue.look()).queue?.arn;
}

function storeFindings({ storeUrl }: AwsBatchOptions): Finding[] {
  if (storeUrl.startsWith('s3://')) return [];
  const message = `Jobs on AWS Batch cannot reach ${storeUrl}`;
  return [{ level: 'error', subject: 'store', message, hint: 'Name a bucket: --store s3://BUCKET/PREFIX' }];
}

async function queueFindings(
  { queue, options }: CheckContext,
  account: AccountApi,
  needs: readonly StepNeed[],
): Promise<Finding[]> {
  const subject = `queue ${options.queue}`;
  const view = await queue.look();
  if (!view.queue) {
    const hint = 'Check --queue and the region; "batch-pipeline deploy" makes one.';
    return [{ level: 'error', subject, message: `There is no job queue "${options.queue}" here`, hint }];
  }
  const trouble = queueTrouble(view);
  if (trouble !== undefined) return [{ level: 'error', subject, message: sentence(trouble) }];
  const usable = usableEnvironments(view);
  const fargate = usable.find(({ type }) => type.startsWith('FARGATE'));
  if (fargate) {
    const message = `Environment ${fargate.name} is ${fargate.type}; these jobs need instances of EC2`;
    return [{ level: 'error', subject, message }];
  }
  const sizes = await sizesByEnvironment(account, usable);
  const names = usable.map(({ name, type, maxVcpus }) => `${name} (${type}, up to ${maxVcpus} vCPU)`).join(', ');
  return [{ level: 'ok', subject, message: names }, ...needs.map((need) => fit(need, usable, sizes))];
}

/** Unknown, and so absent, for instances that Batch does not choose, and without permission to query them. */
async function sizesByEnvironment(
  account: AccountApi,
  environments: readonly EnvironmentFacts[],
): Promise<Map<string, InstanceSize[]>> {
  const sizes = new Map<string, InstanceSize[]>();
  for (const { name, instanceTypes } of environments.filter(({ type }) => type !== 'UNMANAGED')) {
    const types = instanceTypes.flatMap((type) => (/^(optimal|default_)/.test(type) ? OPTIMAL : [type]));
    try {
      const found = await account.instanceSizes(types);
      // None of these in this region: then Batch chooses others.
      if (found.length > 0) sizes.set(name, found);
    } catch (error) {
      if (!(error instanceof PipelineError && error.code === 'aws-denied')) throw error;
    }
  }
  return sizes;
}

async function imageFindings(account: AccountApi, needs: readonly StepNeed[]): Promise<Finding[]> {
  const missing = needs.filter(({ image }) => image === undefined);
  const images = [...new Set(needs.flatMap(({ image }) => image ?? []))];
  return [
    ...missing.map(({ step }) => ({
      level: 'error' as const,
      subject: `image of step ${step}`,
      message: `Step ${step} has no container image`,
      hint: `Push the pipeline's images: batch-pipeline images push PIPELINE; or name one: --image ${step}=URI`,
    })),
    ...(await Promise.all(images.map((image) => imageFinding(account, image)))),
  ];
}

async function imageFinding(account: AccountApi, image: string): Promise<Finding> {
  const subject = `image ${image}`;
  const ecr = parseEcrImage(image);
  if (!ecr) return { level: 'ok', subject, message: 'not in ECR: taken as it is' };
  const digest = await account.imageDigest(ecr);
  if (digest !== undefined) return { level: 'ok', subject, message: digest };
  return {
    level: 'error',
    subject,
    message: `ECR has no image ${image}`,
    hint: 'Push it: batch-pipeline images push PIPELINE',
  };
}

async function logFindings({ logs, logGroup }: CheckContext): Promise<Finding[]> {
  const subject = `log group ${logGroup}`;
  if (await logs.hasGroup(logGroup)) return [{ level: 'ok', subject, message: 'is there' }];
  // Batch creates its own group when the first job prints.
  if (logGroup === DEFAULT_LOG_GROUP) return [{ level: 'ok', subject, message: 'will be made by AWS Batch' }];
  const message = `There is no log group ${logGroup}: containers would not start`;
  return [{ level: 'error', subject, message, hint: `aws logs create-log-group --log-group-name ${logGroup}` }];
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
