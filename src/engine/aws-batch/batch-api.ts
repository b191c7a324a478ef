import {
  BatchClient,
  type ComputeEnvironmentDetail,
  DeregisterJobDefinitionCommand,
  DescribeComputeEnvironmentsCommand,
  DescribeJobQueuesCommand,
  DescribeJobsCommand,
  type JobDetail as SdkJob,
  type JobSummary as SdkSummary,
  type ListJobsCommandInput,
  paginateDescribeJobDefinitions,
  paginateListJobs,
  RegisterJobDefinitionCommand,
  SubmitJobCommand,
  TerminateJobCommand,
} from '@aws-sdk/client-batch';
import { type ApiOptions, ask as askAws, clientConfig } from '../../aws/client.ts';
import {
  BATCH_STATES,
  type BatchState,
  type DefinitionContent,
  type DescribedDefinition,
  type EnvironmentFacts,
  type JobDetail,
  type JobSummary,
  type KnownDefinition,
  type QueueFacts,
  type SubmitRequest,
} from './batch-types.ts';
import { given } from '../../given.ts';
import { BATCH_LIMITS } from './limits.ts';

/**
 * The calls that this engine makes to AWS Batch. Queries are retried until they are answered; see each of the others.
 */
export interface BatchApi {
  /** Its region: that of the options, or what the SDK finds in the environment or the profile. */
  region(): Promise<string>;
  /** One call, never retried here: the caller decides by `failureOf`. Throws the SDK's own error. */
  submitJob(request: SubmitRequest): Promise<string>;
  /** Those of at most 100 jobs that Batch knows. */
  describeJobs(ids: readonly string[]): Promise<JobDetail[]>;
  /** Plain jobs and parents in a queue whose names start with `prefix`, whatever their state. */
  listJobsNamed(queue: string, prefix: string): Promise<JobSummary[]>;
  /** Children of an array in this state; the first page of up to 1,000 or all. */
  listChildren(parent: string, state: BatchState, pages: 'first' | 'all'): Promise<JobSummary[]>;
  /**
   * Plain jobs and parents in a queue that use this revision of a definition, ended or not, as long as Batch knows
   * them.
   */
  listJobsOf(queue: string, definitionArn: string): Promise<JobSummary[]>;
  /** Some of the unfinished jobs in a queue; empty if there are none. */
  liveJobs(queue: string): Promise<JobSummary[]>;
  terminateJob(id: string, reason: string): Promise<void>;
  /** Active revisions, the newest first; of all names if none is given. */
  activeDefinitions(name: string | undefined): Promise<DescribedDefinition[]>;
  /** One call, as `submitJob`. */
  registerDefinition(name: string, content: DefinitionContent): Promise<KnownDefinition>;
  deregisterDefinition(arn: string): Promise<void>;
  describeQueue(name: string): Promise<QueueFacts | undefined>;
  describeEnvironments(arns: readonly string[]): Promise<EnvironmentFacts[]>;
  close(): void;
}

const TIMEOUTS = { connectionTimeout: 10_000, requestTimeout: 60_000 };

/** AWS Batch through its SDK: the only file that imports it. Nothing is sent yet. */
export function openBatchApi(options: ApiOptions): BatchApi {
  const { retryStrategy, ...config } = { ...clientConfig(options), requestHandler: TIMEOUTS };
  const patient = new BatchClient({ ...config, retryStrategy });
  const once = new BatchClient({ ...config, maxAttempts: 1 });
  const ask = <T>(action: string, call: () => Promise<T>) => askAws(`batch:${action}`, call);
  const list = (input: ListJobsCommandInput, pages: 'first' | 'all'): Promise<JobSummary[]> =>
    ask('ListJobs', () => listPages(patient, input, pages));
  return {
    region: () => patient.config.region(),
    async submitJob(request) {
      const { jobId } = await once.send(new SubmitJobCommand(request));
      return jobId as string;
    },
    describeJobs: (ids) =>
      ask('DescribeJobs', async () => {
        if (ids.length === 0) return [];
        const { jobs = [] } = await patient.send(new DescribeJobsCommand({ jobs: [...ids] }));
        return jobs.map(jobDetail);
      }),
    listJobsNamed: (jobQueue, prefix) =>
      list({ jobQueue, filters: [{ name: 'JOB_NAME', values: [`${prefix}*`] }] }, 'all'),
    listChildren: (arrayJobId, jobStatus, pages) => list({ arrayJobId, jobStatus }, pages),
    listJobsOf: (jobQueue, definitionArn) =>
      list({ jobQueue, filters: [{ name: 'JOB_DEFINITION', values: [definitionArn] }] }, 'all'),
    async liveJobs(jobQueue) {
      const live = BATCH_STATES.filter((state) => state !== 'SUCCEEDED' && state !== 'FAILED');
      const found = await Promise.all(live.map((jobStatus) => list({ jobQueue, jobStatus, maxResults: 1 }, 'first')));
      return found.flat();
    },
    async terminateJob(jobId, reason) {
      const command = new TerminateJobCommand({ jobId, reason: reason.slice(0, BATCH_LIMITS.maxReason) });
      await ask('TerminateJob', () => patient.send(command));
    },
    activeDefinitions: (name) => ask('DescribeJobDefinitions', () => definitions(patient, name)),
    async registerDefinition(name, content) {
      const command = new RegisterJobDefinitionCommand({ jobDefinitionName: name, ...content });
      const { revision, jobDefinitionArn } = await once.send(command);
      return { name, revision: revision as number, arn: jobDefinitionArn as string };
    },
    async deregisterDefinition(arn) {
      const command = new DeregisterJobDefinitionCommand({ jobDefinition: arn });
      await ask('DeregisterJobDefinition', () => patient.send(command));
    },
    describeQueue: (name) => ask('DescribeJobQueues', () => queueFacts(patient, name)),
    describeEnvironments: (arns) => ask('DescribeComputeEnvironments', () => environments(patient, arns)),
    close() {
      patient.destroy();
      once.destroy();
    },
  };
}

async function listPages(
  client: BatchClient,
  input: ListJobsCommandInput,
  pages: 'first' | 'all',
): Promise<JobSummary[]> {
  const found: JobSummary[] = [];
  for await (const { jobSummaryList = [] } of paginateListJobs({ client }, input)) {
    found.push(...jobSummaryList.map(jobSummary));
    if (pages === 'first') break;
  }
  return found;
}

async function definitions(client: BatchClient, name: string | undefined): Promise<DescribedDefinition[]> {
  const found: DescribedDefinition[] = [];
  const input = { status: 'ACTIVE', ...given({ jobDefinitionName: name }) };
  for await (const { jobDefinitions = [] } of paginateDescribeJobDefinitions({ client }, input)) {
    for (const { jobDefinitionName = '', revision = 0, jobDefinitionArn = '', containerProperties } of jobDefinitions) {
      const { image, jobRoleArn } = containerProperties ?? {};
      found.push({ name: jobDefinitionName, revision, arn: jobDefinitionArn, image, jobRoleArn });
    }
  }
  return found.sort((a, b) => b.revision - a.revision);
}

async function queueFacts(client: BatchClient, name: string): Promise<QueueFacts | undefined> {
  const { jobQueues: [queue] = [] } = await client.send(new DescribeJobQueuesCommand({ jobQueues: [name] }));
  if (!queue) return undefined;
  const order = (queue.computeEnvironmentOrder ?? []).toSorted((a, b) => (a.order ?? 0) - (b.order ?? 0));
  return {
    name: queue.jobQueueName ?? name,
    arn: queue.jobQueueArn ?? name,
    enabled: queue.state === 'ENABLED',
    status: queue.status ?? 'VALID',
    statusReason: queue.statusReason,
    environments: order.flatMap(({ computeEnvironment }) => computeEnvironment ?? []),
  };
}

async function environments(client: BatchClient, arns: readonly string[]): Promise<EnvironmentFacts[]> {
  if (arns.length === 0) return [];
  const command = new DescribeComputeEnvironmentsCommand({ computeEnvironments: [...arns] });
  const { computeEnvironments = [] } = await client.send(command);
  return computeEnvironments.map(environmentFacts);
}

function environmentFacts(environment: ComputeEnvironmentDetail): EnvironmentFacts {
  const { computeResources: resources } = environment;
  return {
    name: environment.computeEnvironmentName ?? '',
    enabled: environment.state === 'ENABLED',
    status: environment.status ?? 'VALID',
    statusReason: environment.statusReason,
    type: environment.type === 'UNMANAGED' ? 'UNMANAGED' : (resources?.type ?? 'EC2'),
    maxVcpus: resources?.maxvCpus ?? environment.unmanagedvCpus ?? 0,
    instanceTypes: resources?.instanceTypes ?? [],
  };
}

function jobDetail(job: SdkJob): JobDetail {
  const { container, arrayProperties } = job;
  return {
    jobId: job.jobId ?? '',
    jobName: job.jobName ?? '',
    status: job.status ?? 'SUBMITTED',
    statusReason: job.statusReason,
    createdAt: job.createdAt ?? 0,
    ...(arrayProperties ? { arrayProperties: arrayProperties as NonNullable<JobDetail['arrayProperties']> } : {}),
    ...(container
      ? { container: { ...container, logGroup: container.logConfiguration?.options?.['awslogs-group'] } }
      : {}),
    attempts: (job.attempts ?? []).map((attempt) => ({
      statusReason: attempt.statusReason,
      container: attempt.container,
    })),
    isCancelled: job.isCancelled ?? false,
    isTerminated: job.isTerminated ?? false,
  };
}

function jobSummary(job: SdkSummary): JobSummary {
  return {
    jobId: job.jobId ?? '',
    jobName: job.jobName ?? '',
    status: job.status ?? 'SUBMITTED',
    statusReason: job.statusReason,
    createdAt: job.createdAt ?? 0,
    startedAt: job.startedAt,
    index: job.arrayProperties?.index,
    exitCode: job.container?.exitCode,
    reason: job.container?.reason,
  };
}
