import type { DeploymentRequest } from '../deploy/stack/stack-request.ts';
import { PipelineError } from '../errors.ts';
import { parseSize } from '../pipeline/resources.ts';

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

/** @throws PipelineError `flag-invalid` */
export function deploymentRequest(flags: DeployFlags): DeploymentRequest {
  const ofEnvironment = process.env['BATCH_PIPELINE_STORE'];
  return {
    stack: flags.stackName,
    store: flags.store ?? (ofEnvironment?.startsWith('s3://') ? ofEnvironment : undefined),
    bucket: flags.bucketName,
    queue: flags.queue,
    jobRoleArn: flags.jobRole,
    logGroup: flags.logGroup,
    kmsKeyArn: flags.kmsKey,
    subnets: flags.subnets?.split(',').map((id) => id.trim()),
    maxVcpus: whole('--max-vcpus', flags.maxVcpus),
    instanceTypes: flags.instanceTypes,
    diskGiB: gibibytes(flags.disk),
    inputBuckets: flags.inputBucket,
    intermediateDays: whole('--intermediate-days', flags.intermediateDays) ?? whole('--fastq-days', flags.fastqDays),
  };
}

function whole(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw invalid(flag, `"${text}" is not a whole number`, `Write it as ${flag} 30.`);
}

/** EBS counts in GiB, which AWS calls GB. */
function gibibytes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const mebibytes = parseSize(text);
  if (mebibytes !== undefined && mebibytes >= 1024) return Math.ceil(mebibytes / 1024);
  throw invalid('--disk', `"${text}" is not a size of a disk`, 'Write it as --disk 200GB.');
}

function invalid(where: string, message: string, hint: string): PipelineError {
  return new PipelineError({ code: 'flag-invalid', message, where, hint });
}
