import { PipelineError } from '../errors.ts';
import type { StackWishes } from '../deploy/stack/stack-parameters.ts';
import { parseSize } from '../pipeline/resources.ts';
import { s3Location } from '../store/store-url.ts';

/** Flags of `deploy`. */
export interface DeployFlags {
  store?: string;
  json?: boolean;
  stackName: string;
  region?: string;
  bucketName?: string;
  queue?: string;
  jobRole?: string;
  logGroup?: string;
  subnets?: string;
  maxVcpus?: string;
  instanceTypes?: string;
  disk?: string;
  kmsKey?: string;
  inputBucket?: string[];
  intermediateDays?: string;
  /** Earlier name of `intermediateDays`. */
  fastqDays?: string;
  print?: boolean;
  plan?: boolean;
  images?: boolean;
}

/** Wishes that follow from flags alone. @throws PipelineError `flag-invalid` */
export function plainWishes(flags: DeployFlags): StackWishes {
  return {
    ...given('JobRoleArn', flags.jobRole),
    ...given('LogGroupName', flags.logGroup),
    ...given('KmsKeyArn', flags.kmsKey),
    ...given('InstanceTypes', flags.instanceTypes),
    ...given('MaxVcpus', flags.maxVcpus && whole('--max-vcpus', flags.maxVcpus)),
    ...given('IntermediateDays', flags.fastqDays && whole('--fastq-days', flags.fastqDays)),
    ...given('IntermediateDays', flags.intermediateDays && whole('--intermediate-days', flags.intermediateDays)),
    ...given('DiskGiB', flags.disk && gibibytes(flags.disk)),
  };
}

/** The bucket and prefix that the user names, if any. A folder is no place for jobs on AWS. */
export function namedBucket(
  { store, bucketName }: DeployFlags,
  environmentStore: string | undefined,
): { bucket: string; prefix: string; mustExist: boolean } | undefined {
  if (store !== undefined && !store.startsWith('s3://'))
    throw invalid('--store', `${store} is no S3 store`, 'Give s3://BUCKET/PREFIX, or leave it away.');
  const url = store ?? (environmentStore?.startsWith('s3://') ? environmentStore : undefined);
  if (bucketName !== undefined) return { bucket: bucketName, prefix: '', mustExist: true };
  if (url === undefined) return undefined;
  return { ...s3Location(url), mustExist: false };
}

/** ECR takes only small letters in the names of repositories, which begin with the stack's. */
export function checkStackName(name: string): string {
  if (/^[a-z][a-z0-9-]{1,30}$/.test(name)) return name;
  const hint = 'Use 2 to 31 small letters, digits and hyphens, a letter first: they become part of other names.';
  throw invalid('--stack-name', `"${name}" is no name for the stack`, hint);
}

function whole(flag: string, text: string): string {
  if (/^\d+$/.test(text)) return text;
  throw invalid(flag, `"${text}" is no whole number`, `Write it as ${flag} 30.`);
}

/** EBS counts in GiB, which AWS calls GB. */
function gibibytes(text: string): string {
  const mebibytes = parseSize(text);
  if (mebibytes !== undefined && mebibytes >= 1024) return String(Math.ceil(mebibytes / 1024));
  throw invalid('--disk', `"${text}" is no size of a disk`, 'Write it as --disk 200GB.');
}

function invalid(where: string, message: string, hint: string): PipelineError {
  return new PipelineError({ code: 'flag-invalid', message, where, hint });
}

function given<K extends string>(name: K, value: string | undefined): { [P in K]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]?: string });
}
