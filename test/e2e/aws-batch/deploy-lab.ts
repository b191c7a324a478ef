import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { type CliResult, type StartedCli, runCli, startCli } from '../../fixtures/cli.ts';
import type { AwsStack } from '../../contract/aws-batch-stack.ts';

let labs = 0;

/** A stack with its own name, and the command as an administrator runs it. */
export interface DeployLab {
  /** Also the first part of all names in it. */
  name: string;
  bucket: string;
  command(...args: string[]): Promise<CliResult>;
  /** `deploy` of this lab's stack, without images. */
  deploy(...args: string[]): Promise<CliResult>;
  startDeploy(...args: string[]): StartedCli;
  destroy(...args: string[]): Promise<CliResult>;
}

export function openDeployLab(stack: AwsStack, environment: Readonly<Record<string, string>> = {}): DeployLab {
  const name = `lab${(labs += 1)}`;
  const cwd = mkdtempSync(join(stack.folder, 'deploy-'));
  const env = {
    ...stack.environment,
    BATCH_PIPELINE_BATCH_ENDPOINT: stack.endpoint,
    BATCH_PIPELINE_POLL_SECONDS: '0.2',
    ...environment,
  };
  const command = (...args: string[]) => runCli(args, { cwd, env });
  const deploy = ['deploy', '--stack-name', name, '--no-images'];
  return {
    ...{ name, command, bucket: `${name}-123456789012-us-east-1` },
    deploy: (...args) => command(...deploy, ...args),
    startDeploy: (...args) => startCli([...deploy, ...args], { cwd, env }),
    destroy: (...args) => command('destroy', '--stack-name', name, ...args),
  };
}

/** Answers of the AWS command line, as far as tests read them. */
export interface Queue {
  jobQueueName: string;
  computeEnvironmentOrder: { computeEnvironment: string }[];
  jobStateTimeLimitActions: unknown[];
}

export interface Environment {
  computeEnvironmentName: string;
  computeResources: {
    type: string;
    allocationStrategy: string;
    minvCpus: number;
    maxvCpus: number;
    launchTemplate: { launchTemplateId: string; version: string };
  };
}

export interface LaunchTemplateData {
  BlockDeviceMappings: unknown;
  MetadataOptions: unknown;
  UserData: string;
}
