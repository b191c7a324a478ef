import {
  BatchClient,
  type BatchClientConfig,
  type ComputeEnvironmentDetail,
  DeregisterJobDefinitionCommand,
  DescribeComputeEnvironmentsCommand,
  DescribeJobDefinitionsCommand,
  DescribeJobQueuesCommand,
  DescribeJobsCommand,
  type JobDetail as SdkJob,
  type JobSummary as SdkSummary,
  ListJobsCommand,
  type ListJobsCommandInput,
  RegisterJobDefinitionCommand,
  SubmitJobCommand,
  TerminateJobCommand,
} from '@aws-sdk/client-batch';
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
import { apiError } from './call-failure.ts';
import { BATCH_LIMITS } from './limits.ts';
import { patientRetries } from './patient-retries.ts';

/** What this engine asks of AWS Batch. Questions are asked until they are answered; see each of the others. */
export interface BatchApi {
  /** Where it asks: that of the options, or what the SDK finds in the environment or the profile. */
  region(): Promise<string>;
  /** One call, never made again here: whoever calls decides by `failureOf`. Throws the SDK's own error. */
  submitJob(request: SubmitRequest): Promise<string>;
  /** Those of at most 100 jobs that Batch knows. */
  describeJobs(ids: readonly string[]): Promise<JobDetail[]>;
  /** Plain jobs and parents in a queue whose names start with `prefix`, whatever their state. */
  listJobsNamed(queue: string, prefix: string): Promise<JobSummary[]>;
  /** Children of an array in this state; the first page of up to 1,000 or all. */
  listChildren(parent: string, state: BatchState, pages: 'first' | 'all'): Promise<JobSummary[]>;
  /** Plain jobs and parents in a queue that use this revision of a definition, over or not, as long as Batch knows them. */
  listJobsOf(queue: string, definitionArn: string): Promise<JobSummary[]>;
  /** Some of the jobs in a queue that are not over; none if all are. */
  liveJobs(queue: string): Promise<JobSummary[]>;
  terminateJob(id: string, reason: string): Promise<void>;
  /** Active revisions, the newest first; of all names where none is given. */
  activeDefinitions(name: string | undefined): Promise<DescribedDefinition[]>;
  /** One call, as `submitJob`. */
  registerDefinition(name: string, content: DefinitionContent): Promise<KnownDefinition>;
  deregisterDefinition(arn: string): Promise<void>;
  describeQueue(name: string): Promise<QueueFacts | undefined>;
  describeEnvironments(arns: readonly string[]): Promise<EnvironmentFacts[]>;
  close(): void;
}

export interface ApiOptions {
  region?: string | undefined;
  endpoint?: string | undefined;
  patienceMs: number;
}

const CONNECTION_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 60_000;

/** AWS Batch through its SDK: the only file that imports it. Nothing is sent yet. */
export function openBatchApi(options: ApiOptions): BatchApi {
  const patient = new BatchClient({ ...config(options), retryStrategy: patientRetries(options.patienceMs) });
  const once = new BatchClient({ ...config(options), maxAttempts: 1 });
  const ask = async <T>(action: string, question: () => Promise<T>): Promise<T> => {
    try {
      return await question();
    } catch (error) {
      throw apiError(error, `batch:${action}`);
    }
  };
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

function config({ region, endpoint }: ApiOptions): BatchClientConfig {
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout: ANSWER_TIMEOUT_MS },
  };
}

async function listPages(
  client: BatchClient,
  input: ListJobsCommandInput,
  pages: 'first' | 'all',
): Promise<JobSummary[]> {
  const found: JobSummary[] = [];
  let nextToken: string | undefined;
  do {
    const answer = await client.send(new ListJobsCommand({ ...input, ...(nextToken ? { nextToken } : {}) }));
    found.push(...(answer.jobSummaryList ?? []).map(jobSummary));
    nextToken = pages === 'all' ? answer.nextToken : undefined;
  } while (nextToken);
  return found;
}

async function definitions(client: BatchClient, name: string | undefined): Promise<DescribedDefinition[]> {
  const found: DescribedDefinition[] = [];
  let nextToken: string | undefined;
  do {
    const input = { status: 'ACTIVE', ...(name && { jobDefinitionName: name }), ...(nextToken && { nextToken }) };
    const answer = await client.send(new DescribeJobDefinitionsCommand(input));
    for (const {
      jobDefinitionName = '',
      revision = 0,
      jobDefinitionArn = '',
      containerProperties,
    } of answer.jobDefinitions ?? []) {
      const { image, jobRoleArn } = containerProperties ?? {};
      found.push({ name: jobDefinitionName, revision, arn: jobDefinitionArn, image, jobRoleArn });
    }
    nextToken = answer.nextToken;
  } while (nextToken);
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
