import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AwsStack, roleArn, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { type DeployLab, type Environment, type LaunchTemplateData, openDeployLab, type Queue } from './deploy-lab.ts';

let stack: AwsStack;
beforeAll(() => {
  stack = startAwsStack({ fake: 'manual' });
}, 900_000);
afterAll(() => stack.stop());

const objects = (lab: DeployLab, key: string) => join(stack.folder, 's3/data', lab.bucket, key);
const deployment = (lab: DeployLab) => JSON.parse(readFileSync(objects(lab, 'v1/deployment.json'), 'utf8')) as object;

describe('batch-pipeline deploy', () => {
  let lab: DeployLab;
  beforeAll(() => {
    lab = openDeployLab(stack);
  });

  test('shows what it would create, and creates nothing', async () => {
    const planned = await lab.deploy('--plan');
    expect(planned.code, planned.stderr).toBe(0);
    expect(planned.stdout).toMatch(/^\+ add {2}Bucket +AWS::S3::Bucket$/m);
    expect(planned.stdout).toContain('15 changes to stack lab1; nothing has been changed yet.');
    expect(await lab.destroy()).toMatchObject({ code: 0, stderr: 'There is no stack lab1.\n' });
    expect(existsSync(objects(lab, ''))).toBe(false);
  });

  test('leaves a stack alone that another process has started', async () => {
    const begun = ['--stack-name', lab.name, '--change-set-name', 'theirs'];
    const body = 'Resources: {Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: theirs}}}';
    stack.aws('cloudformation', 'create-change-set', ...begun, '--change-set-type', 'CREATE', '--template-body', body);
    const planned = await lab.deploy('--plan');
    expect([planned.code, planned.stdout], planned.stderr).toEqual([0, expect.stringContaining('15 changes to stack')]);
    const left = stack.aws('cloudformation', 'describe-stacks', ...begun.slice(0, 2));
    expect(left).toMatchObject({ Stacks: [{ StackStatus: 'REVIEW_IN_PROGRESS' }] });
    expect((await lab.destroy()).code).toBe(0);
  });

  test('creates it, and prints where the store is', async () => {
    const made = await lab.deploy();
    expect([made.code, made.stdout], made.stderr).toEqual([0, `--store s3://${lab.bucket}\n`]);
    expect(made.stderr).toMatch(/^CREATE_COMPLETE {2}Queue \(AWS::Batch::JobQueue\)$/m);
    expect(deployment(lab)).toEqual({
      version: 1,
      region: 'us-east-1',
      images: {},
      stack: 'lab1',
      queue: 'lab1',
      jobRoleArn: expect.stringMatching(/role\/lab1-JobRole-/),
      conductorRoleArn: expect.stringMatching(/role\/lab1-ConductorRole-/),
      logGroup: '/aws/batch/lab1',
      hostFolder: '/var/cache/batch-pipeline',
    });
  });

  test('the AWS command line shows what was created', () => {
    const bucket = ['--bucket', lab.bucket];
    const s3 = (action: string) => stack.aws('s3api', action, ...bucket);
    expect(s3('get-public-access-block')).toEqual({
      PublicAccessBlockConfiguration: {
        ...{ BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true },
      },
    });
    expect(s3('get-bucket-encryption')).toMatchObject({
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
    });
    expect(s3('get-bucket-ownership-controls')).toEqual({
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    });
    expect(s3('get-bucket-lifecycle-configuration')).toMatchObject({
      Rules: [
        { Filter: { Prefix: '' }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
        {
          Filter: { And: { Prefix: 'v1/', Tags: [{ Key: 'batch-pipeline', Value: 'intermediate' }] } },
          Expiration: { Days: 30 },
        },
      ],
    });
    const { Policy } = s3('get-bucket-policy') as { Policy: string };
    expect(JSON.parse(Policy)).toMatchObject({
      Statement: [{ Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
    });
    expect(stack.aws('logs', 'describe-log-groups', '--log-group-name-prefix', '/aws/batch/lab1')).toMatchObject({
      logGroups: [{ logGroupName: '/aws/batch/lab1', retentionInDays: 30 }],
    });
  });

  test('Spot comes first, and what cannot start ends', () => {
    const queues = ['lab1', 'lab1-on-demand'];
    const { jobQueues } = stack.aws('batch', 'describe-job-queues', '--job-queues', ...queues) as {
      jobQueues: Queue[];
    };
    const order = (name: string) =>
      jobQueues
        .find(({ jobQueueName }) => jobQueueName === name)
        ?.computeEnvironmentOrder.map(
          ({ computeEnvironment }) => /lab1-(\w+)Environment/.exec(computeEnvironment)?.[1],
        );
    expect(queues.map(order)).toEqual([['Spot', 'OnDemand'], ['OnDemand']]);
    expect(jobQueues[0]?.jobStateTimeLimitActions).toEqual([
      expect.objectContaining({ reason: 'CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY', maxTimeSeconds: 86_400 }),
      expect.objectContaining({ reason: 'MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE', maxTimeSeconds: 3600 }),
      expect.objectContaining({ reason: 'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT', maxTimeSeconds: 3600 }),
    ]);
    expect(
      environments().map(({ computeResources: { type, allocationStrategy, minvCpus, maxvCpus } }) => [
        type,
        allocationStrategy,
        minvCpus,
        maxvCpus,
      ]),
    ).toEqual([
      ['EC2', 'BEST_FIT_PROGRESSIVE', 0, 256],
      ['SPOT', 'SPOT_PRICE_CAPACITY_OPTIMIZED', 0, 256],
    ]);
  });

  test('instances have an encrypted disk, and keep their role to themselves', () => {
    const { launchTemplateId, version } = environments()[0]!.computeResources.launchTemplate;
    const { LaunchTemplateVersions } = stack.aws(
      ...['ec2', 'describe-launch-template-versions', '--launch-template-id', launchTemplateId, '--versions', version],
    ) as { LaunchTemplateVersions: { LaunchTemplateData: LaunchTemplateData }[] };
    const data = LaunchTemplateVersions[0]!.LaunchTemplateData;
    expect(data.BlockDeviceMappings).toEqual([
      {
        DeviceName: '/dev/xvda',
        Ebs: expect.objectContaining({ VolumeType: 'gp3', VolumeSize: 200, Encrypted: true }),
      },
    ]);
    expect(data.MetadataOptions).toMatchObject({ HttpTokens: 'required', HttpPutResponseHopLimit: 1 });
    const script = Buffer.from(data.UserData, 'base64').toString();
    expect(script).toContain('Content-Type: multipart/mixed; boundary="==PART=="\n\n--==PART==\n');
    expect(script).toContain('echo ECS_IMAGE_PULL_BEHAVIOR=prefer-cached >> /etc/ecs/ecs.config');
    expect(script).toContain('install -d -o 1000 -g 1000 -m 0755 /var/cache/batch-pipeline');
  });

  test('a second time changes nothing', async () => {
    const again = await lab.deploy();
    expect([again.code, again.stderr]).toEqual([
      0,
      expect.stringContaining('Nothing to change: stack lab1 is up to date.'),
    ]);
    expect(await lab.deploy('--plan')).toMatchObject({
      code: 0,
      stdout: 'Nothing to change: stack lab1 is up to date.\n',
    });
  });

  test('shows what a flag would change, and changes only that; other settings stay', async () => {
    const planned = await lab.deploy('--plan', '--json', '--max-vcpus', '512');
    expect(JSON.parse(planned.stdout)).toEqual([
      { action: 'modify', resource: 'OnDemandEnvironment', type: 'AWS::Batch::ComputeEnvironment' },
      { action: 'modify', resource: 'SpotEnvironment', type: 'AWS::Batch::ComputeEnvironment' },
    ]);
    expect(environments()[0]!.computeResources.maxvCpus).toBe(256);
    expect((await lab.deploy('--max-vcpus', '512')).code).toBe(0);
    expect((await lab.deploy('--disk', '300GB')).code).toBe(0);
    const { maxvCpus, launchTemplate } = environments()[0]!.computeResources;
    expect([maxvCpus, launchTemplate.version]).toEqual([512, '2']);
  });

  function environments(): Environment[] {
    const { computeEnvironments } = stack.aws('batch', 'describe-compute-environments') as {
      computeEnvironments: Environment[];
    };
    return computeEnvironments
      .filter(({ computeEnvironmentName }) => computeEnvironmentName.startsWith('lab1-'))
      .toSorted((a, b) => a.computeEnvironmentName.localeCompare(b.computeEnvironmentName));
  }
});

describe('beside existing resources', () => {
  test('given parts are used, and not created', async () => {
    const lab = openDeployLab(stack);
    const role = await roleArn(stack.endpoint, 'my-jobs');
    await stack.makeQueue('my-queue');
    stack.makeBucket('my-data');
    const given = ['--queue', 'my-queue', '--job-role', role, '--bucket-name', 'my-data'];
    const made = await lab.deploy(...given, '--json');
    expect(made.code, made.stderr).toBe(0);
    expect(made.stderr).toContain('Bucket my-data exists: it is used as it is.');
    expect(made.stderr).not.toMatch(/IAM|AWS::Batch|AWS::EC2|AWS::S3/);
    expect(JSON.parse(made.stdout)).toMatchObject({
      ...{ store: 's3://my-data', queue: 'my-queue', jobRoleArn: role, logGroup: `/aws/batch/${lab.name}` },
    });
    expect((await lab.deploy()).stderr).toContain('Nothing to change');
  });

  test('a key other than the stack’s is refused', async () => {
    const lab = openDeployLab(stack);
    const key = (id: string) => `arn:aws:kms:us-east-1:123456789012:key/${id}`;
    expect((await lab.deploy('--kms-key', key('one'))).code).toBe(0);
    for (const other of [key('two'), '']) {
      const told = await lab.deploy('--kms-key', other);
      expect([told.code, told.stderr]).toEqual([2, expect.stringContaining(`are encrypted with ${key('one')}`)]);
    }
    expect(deployment(lab)).toMatchObject({ kmsKeyArn: key('one') });
  });

  test('if everything is given, no stack is created', async () => {
    const lab = openDeployLab(stack);
    stack.makeBucket('all-mine');
    await stack.makeQueue('all-mine');
    const role = await roleArn(stack.endpoint, 'all-mine');
    const given = ['--queue', 'all-mine', '--job-role', role, '--bucket-name', 'all-mine', '--log-group', '/mine'];
    await stack.takeCalls();
    const made = await lab.deploy(...given, '--json');
    expect(made.code, made.stderr).toBe(0);
    expect(JSON.parse(made.stdout)).toEqual({
      ...{ store: 's3://all-mine', version: 1, region: 'us-east-1', images: {} },
      ...{ queue: 'all-mine', jobRoleArn: role, logGroup: '/mine' },
    });
    expect(Object.keys(await stack.takeCalls()).filter((call) => /Create|Execute/.test(call))).toEqual([]);

    const kmsKeyArn = 'arn:aws:kms:us-east-1:123456789012:key/mine';
    await lab.deploy(...given, '--kms-key', kmsKeyArn);
    const again = await lab.deploy(...given, '--json');
    expect(JSON.parse(again.stdout), again.stderr).toMatchObject({ queue: 'all-mine', kmsKeyArn });
  });

  test.for<[string, string[], RegExp]>([
    ['a queue that is not there', ['--queue', 'nowhere'], /There is no job queue "nowhere"/],
    ['a bucket that is not there', ['--bucket-name', 'not-there'], /There is no bucket "not-there"/],
    ['subnets that are not there', ['--subnets', 'subnet-0123'], /subnet-0123/],
    ['a store that is a folder', ['--store', './here'], /\.\/here is not an S3 store/],
    ['a disk of no size', ['--disk', 'large'], /"large" is not a size of a disk/],
    ['a name that ECR would not take', ['--stack-name', 'MyStack'], /"MyStack" cannot be the name of the stack/],
  ])('%s is reported, and nothing is created', async ([, flags, message]) => {
    const lab = openDeployLab(stack);
    await stack.takeCalls();
    const told = await lab.deploy(...flags);
    expect([told.code === 0, told.stderr]).toEqual([false, expect.stringMatching(message)]);
    expect(Object.keys(await stack.takeCalls())).not.toContain('cloudformation:CreateChangeSet');
  });

  test('a region without a default network is reported, with what to do', async () => {
    const region = 'eu-central-1';
    const { Vpcs } = stack.aws('ec2', 'describe-vpcs', '--region', region) as { Vpcs: { VpcId: string }[] };
    const { Subnets } = stack.aws('ec2', 'describe-subnets', '--region', region) as { Subnets: { SubnetId: string }[] };
    for (const { SubnetId } of Subnets) stack.aws('ec2', 'delete-subnet', '--region', region, '--subnet-id', SubnetId);
    for (const { VpcId } of Vpcs) stack.aws('ec2', 'delete-vpc', '--region', region, '--vpc-id', VpcId);
    const told = await openDeployLab(stack).deploy('--region', region);
    expect([told.code, told.stderr]).toEqual([3, expect.stringMatching(/no default network.*\n.*--subnets/)]);
  });
});
