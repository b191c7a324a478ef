import type { Finding } from '../engine.ts';
import type { AccountApi, PolicyAnswer } from '../../aws/account.ts';
import type { AwsBatchOptions } from './options.ts';

/** The actions of a job on objects below the store's prefix, by folder, for any pipeline. */
const OBJECT_ACTIONS: readonly [folder: string, actions: readonly string[]][] = [
  ['runs/any', ['s3:GetObject']],
  ['any/outputs/any', ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:DeleteObject']],
  ['any/records/any', ['s3:GetObject', 's3:PutObject', 's3:DeleteObject']],
  ['any/logs/any', ['s3:PutObject', 's3:AbortMultipartUpload']],
];
const BUCKET_ACTIONS = ['s3:ListBucket'];

/** Checks the roles' permissions with IAM, if that is allowed. */
export async function roleFindings(
  account: Pick<AccountApi, 'simulate'>,
  options: AwsBatchOptions,
  queueArn: () => Promise<string | undefined>,
): Promise<Finding[]> {
  const conducting = options.conducts ? await conductorFindings(account, options, queueArn) : [];
  return [...(await jobRoleFindings(account, options)), ...conducting];
}

async function jobRoleFindings(
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
  const arn = `arn:${jobRoleArn.split(':')[1] ?? 'aws'}:s3:::${bucket}`;
  const below = prefix === '' ? 'v1/' : `${prefix}/v1/`;
  const answers = await Promise.all([
    ...OBJECT_ACTIONS.map(async ([folder, actions]) =>
      account.simulate(jobRoleArn, actions, [`${arn}/${below}${folder}`]),
    ),
    account.simulate(jobRoleArn, BUCKET_ACTIONS, [arn], { 's3:prefix': below }),
  ]);
  const denied = deniedActions(answers.flat());
  if (denied === '') return [{ level: 'ok', subject, message: `${jobRoleArn} may read and write the store` }];
  const message = `${jobRoleArn} may not ${denied} on ${storeUrl}`;
  return [{ level: 'error', subject, message, hint: 'Jobs could not read or write: see docs/aws-batch.md.' }];
}

/** A conductor that may not submit still watches; a gather after a failure then waits for the next command. */
async function conductorFindings(
  account: Pick<AccountApi, 'simulate'>,
  { jobRoleArn, conductorRoleArn }: AwsBatchOptions,
  queueArn: () => Promise<string | undefined>,
): Promise<Finding[]> {
  const role = conductorRoleArn ?? jobRoleArn;
  const queue = await queueArn();
  if (role === undefined || queue === undefined) return [];
  const subject = 'conductor role';
  const denied = deniedActions([
    ...(await account.simulate(role, ['batch:SubmitJob'], [queue])),
    ...(await account.simulate(role, ['batch:DescribeJobs', 'batch:ListJobs'], ['*'])),
  ]);
  if (denied === '') return [{ level: 'ok', subject, message: `${role} may submit to ${queue}` }];
  const message = `${role} may not ${denied}: after a failure the conductor cannot gather`;
  const hint = '"batch-pipeline deploy" makes a role for it; or give the job role these rights.';
  return [{ level: 'warning', subject, message, hint }];
}

function deniedActions(answers: readonly PolicyAnswer[]): string {
  return [...new Set(answers.flatMap(({ allowed, action }) => (allowed ? [] : [action])))].join(', ');
}
