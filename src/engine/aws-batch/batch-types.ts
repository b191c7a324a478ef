/** Requests and answers of AWS Batch, as far as this engine reads and writes them: docs.aws.amazon.com/batch/latest/APIReference */

/** API_JobDetail.html: states in their order. */
export const BATCH_STATES = ['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEEDED', 'FAILED'] as const;
export type BatchState = (typeof BATCH_STATES)[number];

export interface NameValue {
  name: string;
  value: string;
}

export interface ResourceRequirement {
  type: 'VCPU' | 'MEMORY';
  /** Whole vCPUs, or MiB. */
  value: string;
}

/** API_EvaluateOnExit.html: a pattern may end in `*`, which is its only special character. */
export interface ExitRule {
  onStatusReason?: string;
  onReason?: string;
  onExitCode?: string;
  action: 'RETRY' | 'EXIT';
}

export interface RetryStrategy {
  attempts: number;
  evaluateOnExit?: ExitRule[];
}

/** API_SubmitJob.html */
export interface SubmitRequest {
  jobName: string;
  jobQueue: string;
  /** `name:revision` or ARN. */
  jobDefinition: string;
  arrayProperties?: { size: number };
  dependsOn?: { jobId: string; type?: 'N_TO_N' }[];
  containerOverrides: {
    command: string[];
    environment: NameValue[];
    resourceRequirements: ResourceRequirement[];
  };
  retryStrategy: RetryStrategy;
  timeout: { attemptDurationSeconds: number };
}

/** API_RegisterJobDefinition.html */
export interface DefinitionContent {
  type: 'container';
  platformCapabilities: ['EC2'];
  containerProperties: {
    image: string;
    command: string[];
    jobRoleArn?: string;
    executionRoleArn?: string;
    resourceRequirements: ResourceRequirement[];
    environment: NameValue[];
    volumes: { name: string; host: { sourcePath: string } }[];
    mountPoints: { sourceVolume: string; containerPath: string; readOnly: boolean }[];
    logConfiguration: { logDriver: 'awslogs'; options: Record<string, string> };
  };
}

/** A registered definition. */
export interface KnownDefinition {
  name: string;
  revision: number;
  arn: string;
}

/** A definition as Batch describes it. */
export interface DescribedDefinition extends KnownDefinition {
  image: string | undefined;
  jobRoleArn: string | undefined;
}

interface ContainerFacts {
  exitCode?: number | undefined;
  reason?: string | undefined;
  logStreamName?: string | undefined;
  taskArn?: string | undefined;
}

/** API_JobDetail.html; a child of an array has an index instead of a size. */
export interface JobDetail {
  jobId: string;
  jobName: string;
  status: BatchState;
  statusReason?: string | undefined;
  createdAt: number;
  arrayProperties?: { size?: number; index?: number; statusSummary?: Partial<Record<BatchState, number>> } | undefined;
  container?: (ContainerFacts & { logGroup?: string | undefined }) | undefined;
  attempts: { statusReason?: string | undefined; container?: ContainerFacts | undefined }[];
  isCancelled: boolean;
  isTerminated: boolean;
}

/** API_JobSummary.html */
export interface JobSummary {
  jobId: string;
  jobName: string;
  status: BatchState;
  statusReason?: string | undefined;
  createdAt: number;
  /** Absent for a job that never ran. */
  startedAt?: number | undefined;
  /** Of a child. */
  index?: number | undefined;
  exitCode?: number | undefined;
  reason?: string | undefined;
}

/** API_JobQueueDetail.html */
export interface QueueFacts {
  name: string;
  arn: string;
  enabled: boolean;
  status: string;
  statusReason: string | undefined;
  /** ARNs of its compute environments, in the order of preference. */
  environments: string[];
}

/** API_ComputeEnvironmentDetail.html */
export interface EnvironmentFacts {
  name: string;
  enabled: boolean;
  status: string;
  statusReason: string | undefined;
  /** `EC2`, `SPOT`, `FARGATE`…; `UNMANAGED` for one whose instances Batch does not start. */
  type: string;
  maxVcpus: number;
  /** Types, families, `optimal`. */
  instanceTypes: string[];
}
