import { expect, test } from 'vitest';
import type { EnvironmentFacts, QueueFacts } from '../../../src/engine/aws-batch/batch-types.ts';
import { queueTrouble, stuckText } from '../../../src/engine/aws-batch/stuck.ts';

const QUEUE: QueueFacts = {
  ...{ name: 'mixed', arn: 'arn', enabled: true, status: 'VALID', statusReason: undefined },
  environments: ['spot'],
};
const SPOT: EnvironmentFacts = {
  ...{ name: 'spot', enabled: true, status: 'VALID', statusReason: undefined, type: 'SPOT', maxVcpus: 256 },
  instanceTypes: ['optimal'],
};

test.for<[string, string | undefined, Partial<QueueFacts>, Partial<EnvironmentFacts>, string]>([
  [
    'the reason that Batch gives, with advice',
    'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement is higher.',
    ...([{}, {}] as const),
    'Nothing starts: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement is higher. Allow larger instance types, or give the step less: --set STEP.memory=… or STEP.cpus=…',
  ],
  [
    'that there is no capacity',
    'CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested',
    ...([{}, {}] as const),
    'Nothing starts: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested. Allow more instance types or zones, or an On-Demand environment behind Spot.',
  ],
  [
    'an invalid environment, rather than that there is one',
    'ACTION_REQUIRED - CE(s) associated with the job queue are invalid.',
    {},
    { status: 'INVALID', statusReason: 'CLIENT_ERROR - role' },
    'Nothing starts: no compute environment of queue mixed can be used: spot is invalid (CLIENT_ERROR - role).',
  ],
  [
    'a disabled environment',
    'UNDETERMINED - Batch job is blocked, root cause is undetermined.',
    {},
    { enabled: false },
    'Nothing starts: no compute environment of queue mixed can be used: spot is disabled.',
  ],
  [
    'that nobody knows; a disabled queue works off what it has',
    undefined,
    { enabled: false },
    {},
    'Nothing starts, and AWS Batch does not say why: other jobs may be ahead, or instances cannot join the cluster.',
  ],
])('reports %s', ([, reason, queue, environment, text]) => {
  const view = { queue: { ...QUEUE, ...queue }, environments: [{ ...SPOT, ...environment }] };
  expect(stuckText(reason, view)).toBe(text);
});

test('a valid queue is accepted; a missing, disabled, invalid or empty one is reported', () => {
  const trouble = (queue: QueueFacts | undefined, environments = [SPOT]) => queueTrouble({ queue, environments });
  expect(trouble(QUEUE)).toBeUndefined();
  expect(trouble(undefined)).toBe('the job queue no longer exists');
  expect(trouble({ ...QUEUE, enabled: false })).toBe('the job queue mixed is disabled');
  expect(trouble({ ...QUEUE, status: 'INVALID' })).toBe('the job queue mixed is invalid: no reason');
  expect(trouble(QUEUE, [])).toBe('the job queue mixed has no compute environment');
  // Another one can still be used.
  expect(trouble(QUEUE, [{ ...SPOT, enabled: false }, SPOT])).toBeUndefined();
});
