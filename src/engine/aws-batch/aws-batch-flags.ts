import { IMAGE_FLAG } from '../flags.ts';
import type { EngineFlags } from '../provider.ts';

export const AWS_BATCH_FLAGS = {
  queue: { value: 'name', description: 'job queue' },
  image: IMAGE_FLAG,
  region: { value: 'name', description: 'region of the queue' },
  jobRole: { value: 'arn', description: 'role of the jobs' },
  executionRole: { value: 'arn', description: 'role that pulls images, where instances may not' },
  logGroup: { value: 'name', description: 'log group', default: "Batch's own" },
  conductor: { description: 'a small job watches the run, so that it gathers with no other process running' },
} as const satisfies EngineFlags;

export type AwsBatchFlags = typeof AWS_BATCH_FLAGS;
