import { describe, expect, test } from 'vitest';
import { submitRequest } from '../../../src/engine/aws-batch/submit-request.ts';
import type { EngineJob, JobDependency } from '../../../src/engine/engine.ts';

const PLACE = { queue: 'mixed', definition: 'batch-pipeline-picard-0123456789abcdef:1', command: ['runner.mjs'] };
const JOB: EngineJob = {
  name: 'fusion-7-1a2b3c4d-0-picard-0-0',
  step: 'picard',
  size: 228,
  resources: { cpus: 2, memoryMiB: 7168, scratchMiB: 40_960, timeLimitSeconds: 14_400 },
  image: 'registry.test/picard',
  attempts: 3,
  rank: 4,
  environment: { BATCH_PIPELINE_RUN: 'fusion-7', BATCH_PIPELINE_JOB: '0-picard-0-0' },
};

function request(job: Partial<EngineJob> = {}, dependencies: readonly JobDependency[] = []) {
  return submitRequest({ ...JOB, ...job }, dependencies, { ...PLACE, environment: { SITE: 'lab' } });
}

test('an array is one request: everything specific to the run is in overrides', () => {
  expect(request({}, [{ jobId: 'a', type: 'N_TO_N' }])).toMatchInlineSnapshot(`
    {
      "arrayProperties": {
        "size": 228,
      },
      "containerOverrides": {
        "command": [
          "runner.mjs",
        ],
        "environment": [
          {
            "name": "BATCH_PIPELINE_JOB",
            "value": "0-picard-0-0",
          },
          {
            "name": "BATCH_PIPELINE_RUN",
            "value": "fusion-7",
          },
          {
            "name": "SITE",
            "value": "lab",
          },
        ],
        "resourceRequirements": [
          {
            "type": "VCPU",
            "value": "2",
          },
          {
            "type": "MEMORY",
            "value": "7168",
          },
        ],
      },
      "dependsOn": [
        {
          "jobId": "a",
          "type": "N_TO_N",
        },
      ],
      "jobDefinition": "batch-pipeline-picard-0123456789abcdef:1",
      "jobName": "fusion-7-1a2b3c4d-0-picard-0-0",
      "jobQueue": "mixed",
      "retryStrategy": {
        "attempts": 3,
        "evaluateOnExit": [
          {
            "action": "RETRY",
            "onStatusReason": "Host EC2*",
          },
          {
            "action": "RETRY",
            "onReason": "Cannot*",
          },
          {
            "action": "RETRY",
            "onReason": "DockerTimeoutError*",
          },
          {
            "action": "RETRY",
            "onExitCode": "75",
          },
          {
            "action": "EXIT",
            "onReason": "*",
          },
        ],
      },
      "timeout": {
        "attemptDurationSeconds": 14520,
      },
    }
  `);
});

test('one sample is a plain job with plain dependencies', () => {
  const plain = request({ size: 1 }, [{ jobId: 'a', type: 'SUCCESS' }]);
  expect(plain.arrayProperties).toBeUndefined();
  expect(plain.dependsOn).toEqual([{ jobId: 'a' }]);
});

test('one attempt needs no rules', () => {
  expect(request({ attempts: 1 }).retryStrategy).toEqual({ attempts: 1 });
});

test('requests below Batch’s minimum are raised to it', () => {
  const small = request({ resources: { cpus: 0.5, memoryMiB: 1, scratchMiB: 0, timeLimitSeconds: 1 } });
  expect(small.containerOverrides.resourceRequirements.map(({ value }) => value)).toEqual(['1', '4']);
  expect(small.timeout.attemptDurationSeconds).toBeGreaterThanOrEqual(60);
});

test('the largest array is accepted, with as many dependencies as Batch allows', () => {
  const dependencies = Array.from({ length: 20 }, (_, i) => ({ jobId: `job-${i}`, type: 'SUCCESS' as const }));
  expect(request({ size: 10_000 }, dependencies).dependsOn).toHaveLength(20);
});

describe('what Batch would refuse is refused before it is sent:', () => {
  const many = Array.from({ length: 21 }, (_, i) => ({ jobId: `job-${i}`, type: 'SUCCESS' as const }));
  test.for<[string, Partial<EngineJob>, JobDependency[], RegExp]>([
    ['a name that is too long', { name: `fusion-${'x'.repeat(128)}` }, [], /no name of a Batch job/],
    ['a name with a dot', { name: 'fusion-S1.bam' }, [], /no name of a Batch job/],
    ['an array that is too large', { size: 10_001 }, [], /array of 10001/],
    ['too many dependencies', {}, many, /at most 20 jobs, not 21/],
    ['waiting for "over"', {}, [{ jobId: 'a', type: 'ANY' }], /cannot wait for a job to finish regardless/],
    ['N_TO_N of a plain job', { size: 1 }, [{ jobId: 'a', type: 'N_TO_N' }], /no elements/],
    ['a variable of its own', { environment: { AWS_BATCH_JOB_ID: 'x' } }, [], /AWS Batch itself sets/],
    ['too many tries', { attempts: 11 }, [], /10 times at most, not 11/],
    ['a request that is too large', { environment: { LIST: 'x'.repeat(31_000) } }, [], /up to 30720 bytes/],
  ])('%s', ([, job, dependencies, message]) => {
    expect(() => request(job, dependencies)).toThrow(message);
  });
});
