import type { Finding } from '../engine.ts';

/** Options of the engine; credentials come from the AWS SDK's default chain. */
export interface AwsBatchOptions {
  /** Name or ARN of the job queue. */
  queue: string;
  /** URL of the store: jobs read and write below it. */
  storeUrl: string;
  /** Role of the jobs; by default that of their instance. */
  jobRoleArn?: string | undefined;
  /** Role of jobs that submit jobs; by default that of all others. */
  conductorRoleArn?: string | undefined;
  /** There will be such a job: `check` verifies its permissions. */
  conducts?: boolean | undefined;
  executionRoleArn?: string | undefined;
  /** Of CloudWatch Logs; default: Batch's own `/aws/batch/job`. */
  logGroup?: string | undefined;
  /** Default: what the SDK finds in the environment or the profile. */
  region?: string | undefined;
  /** URL of a server that replaces AWS. */
  endpoint?: string | undefined;
  /** Variables of every job. */
  environment?: Readonly<Record<string, string>> | undefined;
  /** Host folder that an instance's jobs share, and its path in containers. */
  hostFolder?: { hostPath: string; containerPath: string } | undefined;
  /** Between polls; default 15 s. */
  pollIntervalMs?: number | undefined;
  /** How long to wait for a throttling or silent API; default 5 minutes. */
  patienceMs?: number | undefined;
  /** How long tasks may be RUNNABLE, with nothing running, before that is reported; default 10 minutes. */
  stuckAfterMs?: number | undefined;
  /** SubmitJob calls a second; default 40 of the account's 50. */
  submitsPerSecond?: number | undefined;
  /** Further checks before money is spent that the engine cannot do itself: the bucket. */
  lookAtStore?: (() => Promise<Finding[]>) | undefined;
}

/** The log group that Batch writes to by default: docs.aws.amazon.com/batch/latest/userguide/using_awslogs.html */
export const DEFAULT_LOG_GROUP = '/aws/batch/job';
