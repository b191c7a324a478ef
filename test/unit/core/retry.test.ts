import { expect, test } from 'vitest';
import { definePipeline, defineReferences, defineSamples, defineStep } from '../../../src/index.ts';
import type { Manifest } from '../../../src/record/manifest.ts';
import { retryJobs } from '../../../src/run/retry.ts';

const references = defineReferences({ fasta: 'Text' });
const index = defineStep({
  name: 'index',
  scope: 'cohort',
  description: '',
  inputs: { fasta: references.fasta },
  outputs: { index: 'index.txt' },
  resources: { cpus: 1, memory: '1 GB', scratch: '1 GB', time: '1h' },
  run: async () => undefined,
});
const pipeline = definePipeline({
  name: 'mine',
  description: '',
  samples: defineSamples({}),
  references,
  steps: [index],
});
const resources = { cpus: 1, memoryMiB: 1024, scratchMiB: 1024, timeLimitSeconds: 3600 };
const task = { key: 'a'.repeat(40), decision: 'run' as const };
const manifest = {
  steps: [{ name: 'index', scope: 'cohort', upstream: [], resources, toolVersions: {}, attempts: 3, task }],
} as unknown as Manifest;

/** What a retry gives the step, after it failed for this cause. */
function retried(cause: 'out-of-memory' | 'timeout' | 'tool'): unknown {
  const cohort = { sample: 'cohort', tasks: { index: { state: 'failed', cause } as const } };
  const jobs = retryJobs({
    pipeline,
    table: { manifest, rows: [], cohort },
    submission: 1,
    earlier: [],
    maxArraySize: 10,
  });
  return jobs.map(({ resources: given }) => [given.memoryMiB, given.timeLimitSeconds]);
}

test('a step that all samples share gets more of what it ran out of, too', () => {
  expect(retried('out-of-memory')).toEqual([[2048, 3600]]);
  expect(retried('timeout')).toEqual([[1024, 7200]]);
  expect(retried('tool')).toEqual([[1024, 3600]]);
});
