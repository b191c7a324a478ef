import { type AccountApi, openAccountApi } from '../aws/account.ts';
import { type BatchApi, openBatchApi } from '../engine/aws-batch/batch-api.ts';
import { PipelineError } from '../errors.ts';
import { type OpenStoreOptions } from '../store/open-store.ts';
import { storeOptions } from '../store/store-options.ts';
import { type Ecr, openEcr } from './images/ecr.ts';
import { type CloudFormationApi, openCloudFormationApi } from './stack/cloudformation-api.ts';
import { type NetworkApi, openNetworkApi } from './stack/network-api.ts';

export interface CloudOptions {
  /** Without it that of the environment or the profile. */
  region?: string | undefined;
  /** Usually `process.env`. */
  environment: Environment;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The services of an account that the verbs here call. */
export interface Cloud {
  stacks: CloudFormationApi;
  account: AccountApi;
  batch: BatchApi;
  network: NetworkApi;
  ecr: Ecr;
  region: string;
  /** Between two looks at a stack that changes. */
  pollMs: number;
  /** How its stores are opened. */
  stores: OpenStoreOptions;
  environment: Environment;
}

const POLL_SECONDS = 3;

/** @throws PipelineError without a region, and for variables that make no sense */
export async function openCloud({ region: named, environment }: CloudOptions): Promise<Cloud> {
  const endpoint = environment['BATCH_PIPELINE_BATCH_ENDPOINT'];
  const stacks = openCloudFormationApi({ region: named, endpoint });
  const region = await stacks.region();
  const options = { region, endpoint };
  return {
    stacks,
    region,
    environment,
    account: openAccountApi(options),
    batch: openBatchApi(options),
    network: openNetworkApi(options),
    ecr: openEcr(options),
    pollMs: pollSeconds(environment['BATCH_PIPELINE_POLL_SECONDS']) * 1000,
    stores: storeOptions(environment),
  };
}

/** Tests poll more often. */
function pollSeconds(text: string | undefined): number {
  const seconds = text ? Number(text) : POLL_SECONDS;
  if (seconds > 0 && Number.isFinite(seconds)) return seconds;
  throw new PipelineError({
    code: 'flag-invalid',
    message: `"${text}" is not a number of seconds`,
    where: 'BATCH_PIPELINE_POLL_SECONDS',
  });
}
