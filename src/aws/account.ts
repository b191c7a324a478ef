import { type ApiOptions, ask, type ClientConfig, clientConfig } from './client.ts';
import { isNamed } from './failure.ts';

/** Memory and vCPUs of an instance type. */
export interface InstanceSize {
  type: string;
  vcpus: number;
  memoryMiB: number;
}

export interface PolicyAnswer {
  action: string;
  resource: string;
  allowed: boolean;
}

/** What several rooms ask about the account. Each SDK is loaded only when it is used. */
export interface AccountApi {
  /** Account and ARN of the caller. */
  caller(): Promise<{ account: string; arn: string }>;
  /** Would this role be allowed to? docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html */
  simulate(
    roleArn: string,
    actions: readonly string[],
    resources: readonly string[],
    /** Condition keys of the request: `s3:prefix`. */
    context?: Readonly<Record<string, string>>,
  ): Promise<PolicyAnswer[]>;
  /** Sizes of types (`m5.large`) and families (`m5`). */
  instanceSizes(typesOrFamilies: readonly string[]): Promise<InstanceSize[]>;
  /** Digest of an image in ECR; `undefined` if there is none. */
  imageDigest(image: EcrImage): Promise<string | undefined>;
}

export interface EcrImage {
  account: string;
  region: string;
  repository: string;
  /** `sha256:…`, or a tag. */
  digest?: string;
  tag?: string;
}

/** The parts of an image URI that lies in ECR: `<account>.dkr.ecr.<region>.amazonaws.com/<repository>[:tag][@digest]`. */
export function parseEcrImage(uri: string): EcrImage | undefined {
  const match =
    /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/([^:@]+)(?::([^@]+))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(
      uri,
    );
  if (!match) return undefined;
  const [, account, region, repository, tag, digest] = match as unknown as string[];
  return {
    account: account as string,
    region: region as string,
    repository: repository as string,
    ...(digest === undefined ? { tag: tag ?? 'latest' } : { digest }),
  };
}

/** Nothing is sent yet. */
export function openAccountApi(options: ApiOptions): AccountApi {
  const config = clientConfig(options);
  return {
    caller: () => ask('sts:GetCallerIdentity', () => caller(config)),
    simulate: (...question) => ask('iam:SimulatePrincipalPolicy', () => simulate(config, ...question)),
    instanceSizes: (names) => ask('ec2:DescribeInstanceTypes', () => instanceSizes(config, names)),
    imageDigest: (image) => ask('ecr:DescribeImages', () => imageDigest({ ...config, region: image.region }, image)),
  };
}

async function caller(config: ClientConfig): Promise<{ account: string; arn: string }> {
  const { GetCallerIdentityCommand, STSClient } = await import('@aws-sdk/client-sts');
  const { Account = '', Arn = '' } = await new STSClient(config).send(new GetCallerIdentityCommand({}));
  return { account: Account, arn: Arn };
}

async function simulate(
  config: ClientConfig,
  roleArn: string,
  actions: readonly string[],
  resources: readonly string[],
  context: Readonly<Record<string, string>> = {},
): Promise<PolicyAnswer[]> {
  const { IAMClient, SimulatePrincipalPolicyCommand } = await import('@aws-sdk/client-iam');
  const question = new SimulatePrincipalPolicyCommand({
    PolicySourceArn: roleArn,
    ActionNames: [...actions],
    ResourceArns: [...resources],
    ContextEntries: Object.entries(context).map(([name, value]) => ({
      ContextKeyName: name,
      ContextKeyType: 'string',
      ContextKeyValues: [value],
    })),
  });
  const { EvaluationResults = [] } = await new IAMClient(config).send(question);
  return EvaluationResults.map(({ EvalActionName = '', EvalResourceName = '', EvalDecision }) => ({
    action: EvalActionName,
    resource: EvalResourceName,
    allowed: EvalDecision === 'allowed',
  }));
}

async function instanceSizes(config: ClientConfig, names: readonly string[]): Promise<InstanceSize[]> {
  const { EC2Client, paginateDescribeInstanceTypes } = await import('@aws-sdk/client-ec2');
  const Values = names.map((name) => (name.includes('.') ? name : `${name}.*`));
  const Filters = [{ Name: 'instance-type', Values }];
  const sizes: InstanceSize[] = [];
  for await (const page of paginateDescribeInstanceTypes({ client: new EC2Client(config) }, { Filters })) {
    for (const { InstanceType = '', VCpuInfo, MemoryInfo } of page.InstanceTypes ?? [])
      sizes.push({ type: InstanceType, vcpus: VCpuInfo?.DefaultVCpus ?? 0, memoryMiB: MemoryInfo?.SizeInMiB ?? 0 });
  }
  return sizes;
}

async function imageDigest(
  config: ClientConfig,
  { account, repository, digest, tag }: EcrImage,
): Promise<string | undefined> {
  const { DescribeImagesCommand, ECRClient } = await import('@aws-sdk/client-ecr');
  const imageId = digest === undefined ? { imageTag: tag ?? 'latest' } : { imageDigest: digest };
  const input = { registryId: account, repositoryName: repository, imageIds: [imageId] };
  try {
    const { imageDetails = [] } = await new ECRClient(config).send(new DescribeImagesCommand(input));
    return imageDetails[0]?.imageDigest;
  } catch (error) {
    if (isNamed(error, 'ImageNotFoundException') || isNamed(error, 'RepositoryNotFoundException')) return undefined;
    throw error;
  }
}
