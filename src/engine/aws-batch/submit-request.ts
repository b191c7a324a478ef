import { PipelineError } from '../../errors.ts';
import type { EngineJob, JobDependency } from '../engine.ts';
import { RunnerExit } from '../../record/protocol.ts';
import type { ExitRule, NameValue, ResourceRequirement, RetryStrategy, SubmitRequest } from './batch-types.ts';
import { BATCH_LIMITS } from './limits.ts';

/** API_SubmitJob.html */
const JOB_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

/**
 * The runner ends an attempt at its time limit and records the cause; Batch ends only a runner that does not. In
 * seconds.
 */
const TIMEOUT_MARGIN = 120;

export interface SubmitPlace {
  queue: string;
  /** `name:revision`. */
  definition: string;
  command: readonly string[];
  /** Variables of every job, besides its own. */
  environment: Readonly<Record<string, string>>;
}

/**
 * One job as one SubmitJob request.
 * @throws PipelineError for anything that Batch would refuse: names, sizes, too many dependencies, too large a request
 */
export function submitRequest(
  job: EngineJob,
  dependencies: readonly JobDependency[],
  place: SubmitPlace,
): SubmitRequest {
  checkJob(job, dependencies);
  const request: SubmitRequest = {
    jobName: job.name,
    jobQueue: place.queue,
    jobDefinition: place.definition,
    ...(job.size > 1 ? { arrayProperties: { size: job.size } } : {}),
    ...(dependencies.length > 0 ? { dependsOn: dependencies.map(dependency) } : {}),
    containerOverrides: {
      command: [...place.command],
      environment: environment({ ...place.environment, ...job.environment }),
      resourceRequirements: requirements(job),
    },
    retryStrategy: retryStrategy(job.attempts),
    timeout: {
      attemptDurationSeconds: Math.max(BATCH_LIMITS.minTimeoutSeconds, job.resources.timeLimitSeconds + TIMEOUT_MARGIN),
    },
  };
  const bytes = Buffer.byteLength(JSON.stringify(request));
  if (bytes >= BATCH_LIMITS.maxSubmitBytes) {
    const limit = `AWS Batch takes requests of up to ${BATCH_LIMITS.maxSubmitBytes} bytes, not ${bytes}`;
    throw jobError('batch-request-size', limit, job, 'Shorten the store URL, or give jobs fewer variables.');
  }
  const overrides = JSON.stringify(request.containerOverrides).length;
  if (overrides > BATCH_LIMITS.maxOverrides) {
    const limit = `Amazon ECS takes overrides of up to ${BATCH_LIMITS.maxOverrides} characters, not ${overrides}`;
    throw jobError('batch-request-size', limit, job, 'Shorten the store URL, or give jobs fewer variables.');
  }
  return request;
}

/** Element i waits for element i, or all of them for the whole other job. */
function dependency({ jobId, type }: JobDependency): { jobId: string; type?: 'N_TO_N' } {
  return type === 'N_TO_N' ? { jobId, type } : { jobId };
}

function requirements({ resources }: EngineJob): ResourceRequirement[] {
  return [
    { type: 'VCPU', value: String(Math.max(1, Math.ceil(resources.cpus))) },
    { type: 'MEMORY', value: String(Math.max(BATCH_LIMITS.minMemoryMiB, Math.ceil(resources.memoryMiB))) },
  ];
}

/** Sorted, so that the same job is the same request. */
function environment(variables: Readonly<Record<string, string>>): NameValue[] {
  return Object.keys(variables)
    .sort()
    .map((name) => ({ name, value: variables[name] as string }));
}

function checkJob(job: EngineJob, dependencies: readonly JobDependency[]): void {
  if (!JOB_NAME.test(job.name)) {
    const rule = 'letters, digits, "-" and "_", at most 128, starting with a letter or digit';
    throw jobError('batch-job-name', `"${job.name}" is no name of a Batch job`, job, `Allowed are ${rule}.`);
  }
  if (job.size > BATCH_LIMITS.maxArraySize)
    throw programError(`An array of ${job.size} is larger than AWS Batch allows`, job);
  if (dependencies.length > BATCH_LIMITS.maxDependencies)
    throw programError(`A job waits for at most ${BATCH_LIMITS.maxDependencies} jobs, not ${dependencies.length}`, job);
  if (dependencies.some(({ type }) => type === 'ANY'))
    throw programError('AWS Batch cannot wait for a job to finish regardless of its outcome', job);
  if (job.size === 1 && dependencies.some(({ type }) => type === 'N_TO_N'))
    throw programError('A plain job has no elements that could wait for others', job);
  const reserved = Object.keys(job.environment).find((name) => name.startsWith('AWS_BATCH'));
  if (reserved !== undefined) throw programError(`"${reserved}" is a variable that AWS Batch itself sets`, job);
}

function jobError(code: string, message: string, { name }: EngineJob, hint: string): PipelineError {
  return new PipelineError({ code, message, where: `job ${name}`, hint });
}

/** The planner knows the engine's limits. */
function programError(message: string, { name }: EngineJob): PipelineError {
  return new PipelineError({ code: 'batch-job', message, where: `job ${name}`, fault: 'program' });
}

/**
 * Attempted again: a reclaimed instance, a container that could not start, and causes that the runner reports as
 * transient. Not so a tool's error, or a lack of memory or time: Batch retries whatever no rule matches, so the last
 * rule ends it.
 *
 * docs.aws.amazon.com/batch/latest/userguide/job_retries.html, docs.aws.amazon.com/AmazonECS/latest/developerguide/
 * stopped-task-error-codes.html (CannotPullContainerError, CannotStartContainerError, CannotCreateContainerError…)
 */
export const EXIT_RULES: readonly ExitRule[] = [
  { onStatusReason: 'Host EC2*', action: 'RETRY' },
  { onReason: 'Cannot*', action: 'RETRY' },
  { onReason: 'DockerTimeoutError*', action: 'RETRY' },
  { onExitCode: String(RunnerExit.tryAgain), action: 'RETRY' },
  { onReason: '*', action: 'EXIT' },
];

/** `attempts` in all, including the first. */
function retryStrategy(attempts: number): RetryStrategy {
  if (attempts > BATCH_LIMITS.maxAttempts) {
    throw new PipelineError({
      code: 'batch-attempts',
      message: `AWS Batch tries a task ${BATCH_LIMITS.maxAttempts} times at most, not ${attempts} times`,
      hint: 'Lower "attempts" of the step.',
    });
  }
  return attempts === 1 ? { attempts } : { attempts, evaluateOnExit: [...EXIT_RULES] };
}
