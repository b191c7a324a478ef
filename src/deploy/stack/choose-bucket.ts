import { ExitCode, PipelineError } from '../../errors.ts';
import type { StackWishes } from './stack-parameters.ts';

export interface BucketQuestion {
  /** What the user names; `mustExist` where a typing mistake should not make a bucket. */
  named: { bucket: string; prefix: string; mustExist: boolean } | undefined;
  /** The stack's own name for one: see `standardBucket`. */
  standard: string;
  /** Parameters of the stack that is there. */
  before: Readonly<Record<string, string>> | undefined;
  exists: (bucket: string) => Promise<boolean>;
}

/** Names of buckets are shared by all of AWS, so that account and region are part of it. */
export function standardBucket(stack: string, account: string, region: string): string {
  return `${stack}-${account}-${region}`;
}

/**
 * Which bucket the stack has, and whether it makes it.
 * @throws PipelineError `bucket-missing`
 */
export async function chooseBucket({ named, standard, before, exists }: BucketQuestion): Promise<StackWishes> {
  const prefix = named && (named.prefix === '' ? '' : `${named.prefix}/`);
  const bucket = named?.bucket ?? before?.['BucketName'] ?? standard;
  // Made or not, that was settled then.
  if (before?.['BucketName'] === bucket) return prefix === undefined ? {} : { Prefix: prefix };
  const there = await exists(bucket);
  if (!there && named?.mustExist) throw bucketMissing(bucket);
  return { BucketName: bucket, MakeBucket: there ? 'no' : 'yes', Prefix: prefix ?? '' };
}

function bucketMissing(bucket: string): PipelineError {
  return new PipelineError({
    code: 'bucket-missing',
    message: `There is no bucket "${bucket}"`,
    where: '--bucket-name',
    hint: `To make it: --store s3://${bucket}. Without either, the stack names one itself.`,
    exitCode: ExitCode.environment,
  });
}
