import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { openDeployLab } from './deploy-lab.ts';

let stack: AwsStack;
beforeAll(() => {
  stack = startAwsStack({ fake: 'manual' });
}, 900_000);
afterAll(() => stack.stop());

describe('interrupted', () => {
  test('it reports that CloudFormation continues, and the same command follows it', async () => {
    const lab = openDeployLab(stack, { BATCH_PIPELINE_POLL_SECONDS: '2' });
    const begun = lab.startDeploy();
    await begun.printed(/^CREATE_IN_PROGRESS/m);
    begun.process.kill('SIGINT');
    const told = expect.stringContaining('CloudFormation continues what it has started');
    expect(await begun.over).toMatchObject({ code: 130, stdout: '', stderr: told });
    expect(await lab.deploy()).toMatchObject({ code: 0, stdout: `--store s3://${lab.bucket}\n` });
  });
});

describe('a creation that fails', () => {
  test('is reported with the first failed resource and the reason, and cleaned up by the next', async () => {
    const lab = openDeployLab(stack);
    stack.aws('logs', 'create-log-group', '--log-group-name', `/aws/batch/${lab.name}`);
    const failed = await lab.deploy();
    expect([failed.code, failed.stderr]).toEqual([
      3,
      expect.stringMatching(/ROLLBACK_COMPLETE: LogGroup \(AWS::Logs::LogGroup\): .*already exists/),
    ]);
    expect(existsSync(join(stack.folder, 's3/data', lab.bucket, ''))).toBe(false);
    expect((await lab.deploy('--plan')).stderr).toContain('The stack is in ROLLBACK_COMPLETE');
    stack.aws('logs', 'delete-log-group', '--log-group-name', `/aws/batch/${lab.name}`);
    const made = await lab.deploy();
    expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('DELETE_COMPLETE')]);
  });

  test('an update that fails leaves the previous state', async () => {
    const lab = openDeployLab(stack);
    expect((await lab.deploy()).code).toBe(0);
    await stack.control('POST', 'faults', {
      action: 'batch:UpdateComputeEnvironment',
      kind: 'error',
      skip: 1,
      count: 1,
    });
    const failed = await lab.deploy('--max-vcpus', '8');
    expect([failed.code, failed.stderr]).toEqual([
      3,
      expect.stringMatching(/UPDATE_ROLLBACK_COMPLETE: SpotEnvironment/),
    ]);
    expect((await lab.deploy('--plan')).stdout).toContain('Nothing to change');
    expect((await lab.deploy('--max-vcpus', '8')).code).toBe(0);
  });
});
