import { expect, test } from 'vitest';
import { parseEcrImage } from '../../../src/aws/account.ts';
import type { EnvironmentFacts } from '../../../src/engine/aws-batch/batch-types.ts';
import { fit } from '../../../src/engine/aws-batch/fit.ts';

const ENVIRONMENT: EnvironmentFacts = {
  name: 'spot',
  enabled: true,
  status: 'VALID',
  statusReason: undefined,
  type: 'SPOT',
  maxVcpus: 16,
  instanceTypes: ['m5'],
};
const SIZES = new Map([
  [
    'spot',
    [
      { type: 'm5.large', vcpus: 2, memoryMiB: 8192 },
      { type: 'm5.4xlarge', vcpus: 16, memoryMiB: 65_536 },
    ],
  ],
]);

function level(cpus: number, memoryMiB: number, sizes: Parameters<typeof fit>[2] = SIZES) {
  return fit(
    { step: 'kallisto', resources: { cpus, memoryMiB, scratchMiB: 0, timeLimitSeconds: 60 } },
    [ENVIRONMENT],
    sizes,
  ).level;
}

test('a step fits if an instance of the queue is large enough', () => {
  expect([level(2, 7000), level(16, 32_000), level(2, 40_000)]).toEqual(['ok', 'ok', 'ok']);
});

test('one that no instance can hold is an error, one that may not fit a warning', () => {
  expect([level(32, 1000), level(1, 70_000), level(1, 65_536), level(1, 62_000)]).toEqual([
    'error',
    'error',
    'error',
    'warning',
  ]);
});

test('if sizes are unknown, only the vCPUs of the environment count', () => {
  expect([level(1, 1_000_000, new Map()), level(17, 100, new Map())]).toEqual(['ok', 'error']);
});

test('an environment with user-started instances may have any size', () => {
  const unmanaged = { ...ENVIRONMENT, name: 'own', type: 'UNMANAGED', maxVcpus: 0, instanceTypes: [] };
  const resources = { cpus: 4, memoryMiB: 1000, scratchMiB: 0, timeLimitSeconds: 60 };
  expect(fit({ step: 'kallisto', resources }, [unmanaged], SIZES).level).toBe('ok');
});

test('the message names what is available, and a remedy', () => {
  const needs = { step: 'kallisto', resources: { cpus: 4, memoryMiB: 70_000, scratchMiB: 0, timeLimitSeconds: 60 } };
  expect(fit(needs, [ENVIRONMENT], SIZES)).toEqual({
    level: 'error',
    subject: 'step kallisto',
    message:
      'Step kallisto asks for 4 vCPU and 70000 MB; the largest instance is m5.4xlarge, with 65536 MB less what the system takes',
    hint: 'Allow larger instance types, or: --set kallisto.memory=…',
  });
});

test('images in ECR are recognised by their address', () => {
  const host = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
  const common = { account: '123456789012', region: 'eu-central-1', repository: 'lab/picard' };
  const digest = `sha256:${'0'.repeat(64)}`;
  expect(parseEcrImage(`${host}/lab/picard`)).toEqual({ ...common, tag: 'latest' });
  expect(parseEcrImage(`${host}/lab/picard:3.1`)).toEqual({ ...common, tag: '3.1' });
  expect(parseEcrImage(`${host}/lab/picard@${digest}`)).toEqual({ ...common, digest });
  expect(parseEcrImage(`${host}/lab/picard:3.1@${digest}`)).toEqual({ ...common, digest });
  expect(parseEcrImage('quay.io/biocontainers/picard:3')).toBeUndefined();
});
