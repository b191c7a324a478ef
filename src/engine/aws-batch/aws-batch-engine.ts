import { PipelineError } from '../../errors.ts';
import { type Engine, type EngineJob, type JobDependency, POLL_INTERVAL_MS } from '../engine.ts';
import type { Patience } from '../patience.ts';
import { type BatchApi, openBatchApi } from './batch-api.ts';
import { cancelJobs } from './cancel.ts';
import { check } from './check.ts';
import { Definitions } from './definitions.ts';
import { RUNNER_COMMAND } from './job-definition.ts';
import { JobWatch } from './job-watch.ts';
import { jobsByName, Pace, submitOnce } from './submit-once.ts';
import { BATCH_LIMITS } from './limits.ts';
import { openLogsApi, taskLog } from './logs-api.ts';
import { type AwsBatchOptions, DEFAULT_LOG_GROUP } from './options.ts';
import { QueueLook } from './queue-look.ts';
import { submitRequest } from './submit-request.ts';
import { taskVerdicts } from './task-verdicts.ts';

const PATIENCE_MS = 300_000;
const STUCK_AFTER_MS = 600_000;
/** Others in the account may submit, too. */
const SUBMITS_PER_SECOND = 40;

/**
 * Runs jobs as array jobs on AWS Batch. Everything is submitted at once; then no process of ours is needed. Jobs run
 * Fetch & Run in their step's image, which fetches the bundle that their environment names.
 */
export function createAwsBatchEngine(options: AwsBatchOptions): Engine {
  const closing = new AbortController();
  const patience: Patience = { totalMs: options.patienceMs ?? PATIENCE_MS, signal: closing.signal };
  const connection = { region: options.region, endpoint: options.endpoint, patienceMs: patience.totalMs };
  const api = openBatchApi(connection);
  const logs = openLogsApi(connection);
  const logGroup = options.logGroup ?? DEFAULT_LOG_GROUP;
  const queue = new QueueLook(api, options.queue);
  const watch = new JobWatch(api, queue, options.stuckAfterMs ?? STUCK_AFTER_MS);
  const context: Context = {
    ...{ api, options, patience },
    definitions: new Definitions(api, patience),
    pace: new Pace(options.submitsPerSecond ?? SUBMITS_PER_SECOND, closing.signal),
  };
  return {
    name: 'aws-batch',
    limits: async () => ({
      maxArraySize: BATCH_LIMITS.maxArraySize,
      maxDependencies: BATCH_LIMITS.maxDependencies,
      afterAny: false,
      detached: true,
      pollIntervalMs: options.pollIntervalMs ?? POLL_INTERVAL_MS,
    }),
    check: (needs) => check({ queue, logs, options, logGroup, connection }, needs),
    find: (names) => jobsByName(api, options.queue, names),
    submit: (job, dependencies) => submit(context, job, dependencies),
    poll: (jobIds) => watch.poll(jobIds),
    verdicts: (jobId, indices) => taskVerdicts(api, jobId, indices),
    cancel: (jobIds, reason) => cancelJobs(api, (ids) => watch.poll(ids), { jobIds, reason, patience }),
    log: (jobId, index) => taskLog({ api, logs }, jobId, index, logGroup),
    async close() {
      closing.abort();
      api.close();
      logs.close();
    },
  };
}

interface Context {
  api: BatchApi;
  options: AwsBatchOptions;
  patience: Patience;
  definitions: Definitions;
  pace: Pace;
}

async function submit(context: Context, job: EngineJob, dependencies: readonly JobDependency[]): Promise<string> {
  const { api, options, definitions, pace, patience } = context;
  if (job.image === undefined) throw noImage(job);
  // ECS does not provide it on every instance, and an S3 request to the wrong region is redirected, or fails.
  const environment = { AWS_REGION: await api.region(), ...options.environment };
  const place = { queue: options.queue, command: RUNNER_COMMAND, environment };
  // Refused before anything is registered.
  submitRequest(job, dependencies, { ...place, definition: '' });
  const definition = await definitions.definitionFor(job.step, {
    image: job.image,
    jobRoleArn: job.submits ? (options.conductorRoleArn ?? options.jobRoleArn) : options.jobRoleArn,
    executionRoleArn: options.executionRoleArn,
    logGroup: options.logGroup,
    hostFolder: options.hostFolder,
  });
  return submitOnce(api, submitRequest(job, dependencies, { ...place, definition }), { pace, patience });
}

function noImage({ step }: EngineJob): PipelineError {
  return new PipelineError({
    code: 'image-missing',
    message: `Step ${step} has no container image`,
    hint: 'Push it: batch-pipeline images push PIPELINE; or name one: --image STEP=URI',
  });
}
