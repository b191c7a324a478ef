/** Quotas of AWS Batch: docs.aws.amazon.com/batch/latest/userguide/service_limits.html */
export const BATCH_LIMITS = {
  /** Children of an array job, at least and at most. */
  minArraySize: 2,
  maxArraySize: 10_000,
  /** Jobs that one job may wait for. */
  maxDependencies: 20,
  /** Bytes of a SubmitJob request. */
  maxSubmitBytes: 30 * 1024,
  /** Characters of a job's overrides as ECS takes them: API_RunTask.html of Amazon ECS, less what Batch adds to them. */
  maxOverrides: 8192 - 692,
  /** Bytes of a RegisterJobDefinition request. */
  maxDefinitionBytes: 24 * 1024,
  /** SubmitJob calls of an account in a region, per second. */
  submitsPerSecond: 50,
  /** Jobs that one DescribeJobs tells of: API_DescribeJobs.html */
  maxDescribed: 100,
  /** Tries of one task: API_RetryStrategy.html */
  maxAttempts: 10,
  /** Shortest time limit of an attempt, in seconds: job_timeouts.html */
  minTimeoutSeconds: 60,
  /** Least memory of a container, in MiB: API_ResourceRequirement.html */
  minMemoryMiB: 4,
  /** Characters of a reason to terminate: API_TerminateJob.html */
  maxReason: 1024,
} as const;
