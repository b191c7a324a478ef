import { ExitCode, PipelineError } from '../../errors.ts';
import { s3Location } from '../../store/store-url.ts';
import type { NetworkApi } from './network-api.ts';
import type { StackWishes } from './stack-template.ts';

type Parameters = Readonly<Record<string, string>>;

/** ECR accepts only lower case letters in the names of repositories, which begin with the stack's. */
export function checkStackName(name: string): string {
  if (/^[a-z][a-z0-9-]{1,30}$/.test(name)) return name;
  throw new PipelineError({
    code: 'flag-invalid',
    message: `"${name}" cannot be the name of the stack`,
    where: '--stack-name',
    hint: 'Use 2 to 31 lower case letters, digits and hyphens, a letter first: they become part of other names.',
  });
}

/** Names of buckets are shared by all of AWS, so account and region are part of it. */
export function standardBucket(stack: string, account: string, region: string): string {
  return `${stack}-${account}-${region}`;
}

export interface BucketQuestion {
  /** What the user names: a store, whose bucket may be created, or a bucket that has to exist. */
  request: { store?: string | undefined; bucket?: string | undefined };
  /** The stack's own name for one: see `standardBucket`. */
  standard: string;
  /** Parameters of the stack that exists. */
  before: Parameters | undefined;
  exists: (bucket: string) => Promise<boolean>;
}

/**
 * Which bucket the stack has, and whether it creates it.
 * @throws PipelineError `bucket-missing`; `flag-invalid` for a store that is not on S3
 */
export async function bucketWishes({ request, standard, before, exists }: BucketQuestion): Promise<StackWishes> {
  const named = namedBucket(request);
  const prefix = named && (named.prefix === '' ? '' : `${named.prefix}/`);
  const bucket = named?.bucket ?? before?.['BucketName'] ?? standard;
  // Whether the stack created it was decided then.
  if (before?.['BucketName'] === bucket) return prefix === undefined ? {} : { Prefix: prefix };
  const there = await exists(bucket);
  if (!there && request.bucket !== undefined) throw bucketMissing(bucket);
  return { BucketName: bucket, MakeBucket: there ? 'no' : 'yes', Prefix: prefix ?? '' };
}

function namedBucket({ store, bucket }: BucketQuestion['request']): { bucket: string; prefix: string } | undefined {
  if (store !== undefined && !store.startsWith('s3://'))
    throw new PipelineError({
      code: 'flag-invalid',
      message: `${store} is not an S3 store`,
      where: '--store',
      hint: 'Give s3://BUCKET/PREFIX, or omit it.',
    });
  if (bucket !== undefined) return { bucket, prefix: '' };
  return store === undefined ? undefined : s3Location(store);
}

function bucketMissing(bucket: string): PipelineError {
  return new PipelineError({
    code: 'bucket-missing',
    message: `There is no bucket "${bucket}"`,
    where: '--bucket-name',
    hint: `To create it: --store s3://${bucket}. Without either, the stack names one itself.`,
    exitCode: ExitCode.environment,
  });
}

/**
 * A stack's roles and policies may use one KMS key: with another one, what was encrypted with the first would be
 * unreadable.
 * @param before the stack's key; empty where it has none
 * @throws PipelineError `key-change`
 */
export function checkKey(before: string | undefined, wanted: string | undefined): void {
  if (!before || wanted === undefined || wanted === before) return;
  throw new PipelineError({
    code: 'key-change',
    message: `The objects of this stack are encrypted with ${before}: they could not be read ${wanted === '' ? 'without it' : 'with another key'}`,
    where: '--kms-key',
    hint: 'Omit --kms-key. For another key, deploy another stack with a store of its own: --stack-name, --store.',
  });
}

/**
 * The network of a stack: an existing stack keeps its own, and a queue that is given needs none.
 * @throws PipelineError `network-missing`, `network-mixed`
 */
export async function networkWishes(
  api: NetworkApi,
  { queue, subnets }: { queue?: string | undefined; subnets?: readonly string[] | undefined },
  before: Parameters | undefined,
): Promise<StackWishes> {
  if (subnets) return chooseNetwork(api, subnets);
  if (queue) return before ? {} : { VpcId: '', SubnetIds: '' };
  return before?.['VpcId'] ? {} : chooseNetwork(api, undefined);
}

/** Where instances start: the subnets that are named, else those of the default VPC. */
export async function chooseNetwork(
  api: NetworkApi,
  named: readonly string[] | undefined,
): Promise<{ VpcId: string; SubnetIds: string }> {
  const subnets = named ? await api.subnets(named) : await api.defaultSubnets();
  const [first] = subnets;
  if (!first)
    throw new PipelineError({
      code: 'network-missing',
      message: 'The account has no default network (VPC) with subnets in this region',
      hint: 'Name subnets with --subnets subnet-…,subnet-…, or create one: aws ec2 create-default-vpc',
      exitCode: ExitCode.environment,
    });
  const vpcs = [...new Set(subnets.map(({ vpc }) => vpc))];
  if (vpcs.length > 1)
    throw new PipelineError({
      code: 'network-mixed',
      message: `The subnets belong to several networks: ${vpcs.join(', ')}`,
      where: '--subnets',
      hint: 'Name subnets of one VPC.',
    });
  return { VpcId: first.vpc, SubnetIds: subnets.map(({ id }) => id).join(',') };
}
