import type { ApiOptions } from './batch-api.ts';
import { apiError } from './call-failure.ts';
import { patientRetries, type PatientRetries } from './patient-retries.ts';

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

/** What `check` asks of the account besides Batch and Logs. Each client is loaded only when it is asked. */
export interface AccountApi {
  /** Account and ARN of whoever asks. */
  caller(): Promise<{ account: string; arn: string }>;
  /** Would this role be allowed to? docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html */
  simulate(roleArn: string, actions: readonly string[], resources: readonly string[]): Promise<PolicyAnswer[]>;
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
    ...{ account: account as string, region: region as string, repository: repository as string },
    ...(digest === undefined ? { tag: tag ?? 'latest' } : { digest }),
  };
}

/** Nothing is sent yet. */
export function openAccountApi({ region, endpoint, patienceMs }: ApiOptions): AccountApi {
  const config: Config = {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    retryStrategy: patientRetries(patienceMs),
  };
  return {
    caller: () => asking('sts:GetCallerIdentity', () => caller(config)),
    simulate: (...given) => asking('iam:SimulatePrincipalPolicy', () => simulate(config, ...given)),
    instanceSizes: (names) => asking('ec2:DescribeInstanceTypes', () => instanceSizes(config, names)),
    imageDigest: (image) => asking('ecr:DescribeImages', () => imageDigest({ ...config, region: image.region }, image)),
  };
}

interface Config {
  region?: string;
  endpoint?: string;
  retryStrategy: PatientRetries;
}

async function asking<T>(action: string, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    throw apiError(error, action);
  }
}

async function caller(config: Config): Promise<{ account: string; arn: string }> {
  const { STSClient, GetCallerIdentityCommand } = await import('@aws-sdk/client-sts');
  const { Account = '', Arn = '' } = await new STSClient(config).send(new GetCallerIdentityCommand({}));
  return { account: Account, arn: Arn };
}

async function simulate(
  config: Config,
  roleArn: string,
  actions: readonly string[],
  resources: readonly string[],
): Promise<PolicyAnswer[]> {
  const { IAMClient, SimulatePrincipalPolicyCommand } = await import('@aws-sdk/client-iam');
  const input = { PolicySourceArn: roleArn, ActionNames: [...actions], ResourceArns: [...resources] };
  const { EvaluationResults = [] } = await new IAMClient(config).send(new SimulatePrincipalPolicyCommand(input));
  return EvaluationResults.map(({ EvalActionName = '', EvalResourceName = '', EvalDecision }) => ({
    action: EvalActionName,
    resource: EvalResourceName,
    allowed: EvalDecision === 'allowed',
  }));
}

async function instanceSizes(config: Config, names: readonly string[]): Promise<InstanceSize[]> {
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
  config: Config,
  { account, repository, digest, tag }: EcrImage,
): Promise<string | undefined> {
  const { ECRClient, DescribeImagesCommand } = await import('@aws-sdk/client-ecr');
  const imageId = digest === undefined ? { imageTag: tag ?? 'latest' } : { imageDigest: digest };
  const input = { registryId: account, repositoryName: repository, imageIds: [imageId] };
  try {
    const { imageDetails = [] } = await new ECRClient(config).send(new DescribeImagesCommand(input));
    return imageDetails[0]?.imageDigest;
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (name === 'ImageNotFoundException' || name === 'RepositoryNotFoundException') return undefined;
    throw error;
  }
}
