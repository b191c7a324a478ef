import type { Finding } from '../engine.ts';
import type { AccountApi } from './account-api.ts';
import type { AwsBatchOptions } from './options.ts';

/** What a job does with objects below the store's prefix, and with its bucket. */
const OBJECT_ACTIONS = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'];
const BUCKET_ACTIONS = ['s3:ListBucket'];

/** Asks IAM what the job role may, where asking is allowed. */
export async function roleFindings(
  account: Pick<AccountApi, 'simulate'>,
  { jobRoleArn, storeUrl }: AwsBatchOptions,
): Promise<Finding[]> {
  const subject = 'job role';
  if (jobRoleArn === undefined) {
    const message = 'none is given: jobs have the role of their instances';
    return [{ level: 'warning', subject, message, hint: 'Give one with --job-role ARN.' }];
  }
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(storeUrl) ?? [];
  if (bucket === undefined) return [];
  const partition = jobRoleArn.split(':')[1] ?? 'aws';
  const below = prefix === '' ? 'v1/' : `${prefix}/v1/`;
  const answers = [
    ...(await account.simulate(jobRoleArn, OBJECT_ACTIONS, [`arn:${partition}:s3:::${bucket}/${below}any`])),
    ...(await account.simulate(jobRoleArn, BUCKET_ACTIONS, [`arn:${partition}:s3:::${bucket}`], {
      's3:prefix': below,
    })),
  ];
  const denied = answers.filter(({ allowed }) => !allowed);
  if (denied.length === 0) return [{ level: 'ok', subject, message: `${jobRoleArn} may read and write the store` }];
  const actions = denied.map(({ action }) => action).join(', ');
  const message = `${jobRoleArn} may not ${actions} on ${storeUrl}`;
  return [{ level: 'error', subject, message, hint: 'Jobs could not read or write: see docs/aws-batch.md.' }];
}
