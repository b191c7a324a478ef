import { BatchClient, ListJobsCommand } from '@aws-sdk/client-batch';
import { createAwsBatchEngine } from '../../src/engine/aws-batch/aws-batch-engine.ts';
import type { AwsBatchOptions } from '../../src/engine/aws-batch/options.ts';
import type { Engine, EngineJob } from '../../src/engine/engine.ts';
import type { AwsStack } from './aws-batch-stack.ts';

let queues = 0;

/** A separate queue with an engine on it, for tests of jobs that do not run our runner. */
export interface JobsLab {
  queue: string;
  engine: Engine;
  /** Another engine on the same queue, as another process has it. */
  another(more?: Partial<AwsBatchOptions>): Engine;
  job(step: string, more?: Partial<EngineJob>): EngineJob;
  /** Every job that the queue got, oldest first, as the SDK lists them. */
  listed(): Promise<{ jobName: string; jobId: string; status: string; statusReason: string | undefined }[]>;
}

export async function openJobsLab(stack: AwsStack, more: Partial<AwsBatchOptions> = {}): Promise<JobsLab> {
  const queue = `queue-${(queues += 1)}`;
  await stack.makeQueue(queue);
  const another = (changed: Partial<AwsBatchOptions> = {}) =>
    createAwsBatchEngine({
      ...{ queue, storeUrl: 's3://lab/store', endpoint: stack.endpoint, pollIntervalMs: 50, ...more, ...changed },
    });
  return {
    ...{ queue, another, engine: another() },
    job: (step, changed = {}) => ({
      ...{ name: `${queue}-${step}`, step, size: 1, image: `registry.test/${queue}`, attempts: 1, rank: 0 },
      resources: { cpus: 1, memoryMiB: 100, scratchMiB: 1, timeLimitSeconds: 300 },
      environment: {},
      ...changed,
    }),
    async listed() {
      const client = new BatchClient({ endpoint: stack.endpoint });
      const input = { jobQueue: queue, filters: [{ name: 'AFTER_CREATED_AT', values: ['0'] }] };
      const { jobSummaryList = [] } = await client.send(new ListJobsCommand(input));
      client.destroy();
      return jobSummaryList
        .toReversed()
        .map(({ jobName = '', jobId = '', status = '', statusReason }) => ({ jobName, jobId, status, statusReason }));
    },
  };
}
