import type { Finding } from '../engine.ts';

/** What the engine is told once; credentials come from where the AWS SDK looks for them. */
export interface AwsBatchOptions {
  /** Name or ARN of the job queue. */
  queue: string;
  /** URL of the store: jobs read and write below it. */
  storeUrl: string;
  /** Role of the jobs; without it they have that of their instance. */
  jobRoleArn?: string | undefined;
  /** Role of jobs that submit jobs; without it they have that of all others. */
  conductorRoleArn?: string | undefined;
  /** There will be such a job: `check` looks whether it may. */
  conducts?: boolean | undefined;
  executionRoleArn?: string | undefined;
  /** Of CloudWatch Logs; default: Batch's own `/aws/batch/job`. */
  logGroup?: string | undefined;
  /** Default: what the SDK finds in the environment or the profile. */
  region?: string | undefined;
  /** Of a server that answers in the place of AWS. */
  endpoint?: string | undefined;
  /** Variables of every job. */
  environment?: Readonly<Record<string, string>> | undefined;
  /** Folder of the instances that their jobs share, and where jobs see it. */
  hostFolder?: { hostPath: string; containerPath: string } | undefined;
  /** Between polls; default 15 s. */
  pollIntervalMs?: number | undefined;
  /** How long a throttling or silent API is waited for; default 5 minutes. */
  patienceMs?: number | undefined;
  /** How long tasks may be RUNNABLE, with nothing running, before somebody is told; default 10 minutes. */
  stuckAfterMs?: number | undefined;
  /** SubmitJob calls a second; default 40 of the account's 50. */
  submitsPerSecond?: number | undefined;
  /** More to look at before money is spent, which the engine itself cannot: the bucket. */
  lookAtStore?: (() => Promise<Finding[]>) | undefined;
}

/** The log group that Batch writes to unless told otherwise: docs.aws.amazon.com/batch/latest/userguide/using_awslogs.html */
export const DEFAULT_LOG_GROUP = '/aws/batch/job';
