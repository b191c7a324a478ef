import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchClient,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  type CRType,
} from '@aws-sdk/client-batch';
import { CreateInstanceProfileCommand, CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { isAlive, until } from '../fixtures/until.ts';
import { EC2Client, DescribeSecurityGroupsCommand, DescribeSubnetsCommand } from '@aws-sdk/client-ec2';

const START = join(import.meta.dirname, '../stack/aws/start.sh');
const AWS = join(import.meta.dirname, '../../.cache/aws-venv/bin/aws');
const STOP = join(import.meta.dirname, '../stack/aws/stop.sh');

/** An AWS of this machine, see test/stack/aws/README.md. */
export interface AwsStack {
  /** AWS_ENDPOINT_URL and the like. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of Batch and all else but S3. */
  readonly endpoint: string;
  readonly s3Endpoint: string;
  /** Folder of the stack, and whatever a test keeps there. */
  readonly folder: string;
  makeBucket(name: string): void;
  /** Makes a compute environment and a queue of one name. */
  makeQueue(name: string, options?: QueueOptions): Promise<void>;
  /** One of the control endpoints of test/stack/aws/README.md. */
  control(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Record<string, unknown>>;
  /** Calls since the last time, by `service:Action`. */
  takeCalls(): Promise<Record<string, number>>;
  /** Kills one of the services, as a crash would. */
  kill(service: 's3' | 'registry'): Promise<void>;
  /** Starts again what was killed, on the same port and with the same data. */
  revive(): void;
  /** The AWS command line, a client that is not ours; S3 is asked for a bucket's settings, of which the S3 server knows none. */
  aws(...args: string[]): unknown;
  stop(): void;
}

export interface QueueOptions {
  maxVcpus?: number;
  instanceTypes?: string[];
  type?: CRType;
}

/**
 * Starts Batch and S3, and containers where asked for; attempts are processes of this machine otherwise.
 * @param settings see test/stack/aws/README.md
 * @param variables of start.sh: `BATCH_CREDENTIALS`
 */
export function startAwsStack(
  settings: Record<string, unknown> = {},
  services: readonly string[] = ['batch', 's3'],
  variables: Readonly<Record<string, string>> = {},
): AwsStack {
  const folder = mkdtempSync(join(tmpdir(), 'aws-stack-'));
  const start = () =>
    execFileSync(START, [folder, ...services], {
      env: { ...process.env, ...variables, BATCH_SETTINGS: JSON.stringify({ timeScale: 0.1, slots: 8, ...settings }) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  start();
  const environment = JSON.parse(readFileSync(join(folder, 'env.json'), 'utf8')) as Record<string, string>;
  // For the clients of this process.
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION'])
    process.env[name] = environment[name];
  const endpoint = environment['AWS_ENDPOINT_URL'] as string;
  const control: AwsStack['control'] = async (method, path, body) => {
    const answer = await fetch(`${environment['BATCH_STACK']}/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  return {
    ...{ environment, endpoint, folder, control },
    s3Endpoint: environment['AWS_ENDPOINT_URL_S3'] ?? '',
    makeBucket: (name) => void mkdirSync(join(folder, 's3/data', name), { recursive: true }),
    makeQueue: (name, options) => makeQueue(endpoint, name, options),
    async takeCalls() {
      const { calls } = await control('GET', 'calls');
      await control('DELETE', 'calls');
      return calls as Record<string, number>;
    },
    async kill(service) {
      const pid = Number(readFileSync(join(folder, 'run', `${service}.pid`), 'utf8'));
      process.kill(pid, 'SIGKILL');
      await until(() => !isAlive(pid));
    },
    revive: () => void start(),
    aws(...args) {
      const { AWS_ENDPOINT_URL_S3: _, ...env } = { ...process.env, ...environment };
      return JSON.parse(execFileSync(AWS, args, { env, encoding: 'utf8' }) || 'null');
    },
    stop() {
      execFileSync(STOP, [folder], { stdio: ['ignore', 'ignore', 'inherit'] });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function makeQueue(
  endpoint: string,
  name: string,
  { maxVcpus = 256, instanceTypes = ['optimal'], type = 'EC2' }: QueueOptions = {},
): Promise<void> {
  const batch = new BatchClient({ endpoint });
  await batch.send(
    new CreateComputeEnvironmentCommand({
      computeEnvironmentName: name,
      type: 'MANAGED',
      state: 'ENABLED',
      serviceRole: await roleArn(endpoint, 'batch'),
      computeResources: {
        ...{ type, minvCpus: 0, maxvCpus: maxVcpus, instanceTypes },
        ...(await network(endpoint)),
        instanceRole: await instanceProfile(endpoint),
      },
    }),
  );
  const computeEnvironmentOrder = [{ order: 1, computeEnvironment: name }];
  await batch.send(
    new CreateJobQueueCommand({ jobQueueName: name, state: 'ENABLED', priority: 1, computeEnvironmentOrder }),
  );
  batch.destroy();
}

async function network(endpoint: string): Promise<{ subnets: string[]; securityGroupIds: string[] }> {
  const ec2 = new EC2Client({ endpoint });
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
  ec2.destroy();
  return { subnets: [Subnets[0]?.SubnetId ?? ''], securityGroupIds: [SecurityGroups[0]?.GroupId ?? ''] };
}

/** Makes a role, or names it where it is there already. */
export async function roleArn(endpoint: string, name: string): Promise<string> {
  const iam = new IAMClient({ endpoint });
  const AssumeRolePolicyDocument = '{"Version":"2012-10-17","Statement":[]}';
  await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument })).catch(unlessThere);
  iam.destroy();
  return `arn:aws:iam::123456789012:role/${name}`;
}

async function instanceProfile(endpoint: string): Promise<string> {
  const iam = new IAMClient({ endpoint });
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'ecs' })).catch(unlessThere);
  iam.destroy();
  return 'arn:aws:iam::123456789012:instance-profile/ecs';
}

function unlessThere(error: unknown): void {
  if (!(error instanceof Error && error.name === 'EntityAlreadyExistsException')) throw error;
}
