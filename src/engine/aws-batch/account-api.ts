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
    ...{ account: account as string, region: region as string, repository: repository as string },
    ...(digest === undefined ? { tag: tag ?? 'latest' } : { digest }),
  };
}

/** Nothing is sent yet. */
export function openAccountApi({ region, endpoint, patienceMs }: ApiOptions): AccountApi {
  const config: AskConfig = {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    retryStrategy: patientRetries(patienceMs),
  };
  return {
    caller: () => asking('sts:GetCallerIdentity', async () => (await import('./ask-sts.ts')).caller(config)),
    simulate: (...given) =>
      asking('iam:SimulatePrincipalPolicy', async () => (await import('./ask-iam.ts')).simulate(config, ...given)),
    instanceSizes: (names) =>
      asking('ec2:DescribeInstanceTypes', async () => (await import('./ask-ec2.ts')).instanceSizes(config, names)),
    imageDigest: (image) =>
      asking('ecr:DescribeImages', async () =>
        (await import('./ask-ecr.ts')).imageDigest({ ...config, region: image.region }, image),
      ),
  };
}

/** Of every client. */
export interface AskConfig {
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
