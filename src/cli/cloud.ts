import { type AccountApi, openAccountApi } from '../aws/account.ts';
import { type BatchApi, openBatchApi } from '../engine/aws-batch/batch-api.ts';
import { type CloudFormationApi, openCloudFormationApi } from '../deploy/stack/cloudformation-api.ts';
import type { Following } from '../deploy/stack/follow-stack.ts';
import { type NetworkApi, openNetworkApi } from '../deploy/stack/network-api.ts';
import { type Ecr, openEcr } from '../deploy/images/ecr.ts';
import { PipelineError } from '../errors.ts';
import { stackEventText } from '../views/deploy-text.ts';
import { notice } from './print.ts';

/** The services that commands ask which set an account up. */
export interface Cloud {
  stacks: CloudFormationApi;
  account: AccountApi;
  batch: BatchApi;
  network: NetworkApi;
  ecr: Ecr;
  region: string;
  following: Following;
}

const PATIENCE_MS = 60_000;
const POLL_SECONDS = 3;

export async function openCloud(namedRegion: string | undefined): Promise<Cloud> {
  const endpoint = process.env['BATCH_PIPELINE_BATCH_ENDPOINT'];
  const stacks = openCloudFormationApi({ region: namedRegion, endpoint });
  const region = await stacks.region();
  const options = { region, endpoint, patienceMs: PATIENCE_MS };
  return {
    ...{ stacks, region },
    account: openAccountApi(options),
    batch: openBatchApi(options),
    network: openNetworkApi(options),
    ecr: openEcr(options),
    following: {
      pollMs: pollSeconds(process.env['BATCH_PIPELINE_POLL_SECONDS']) * 1000,
      onEvent: (event) => notice(stackEventText(event)),
    },
  };
}

/** For tests that want less. */
function pollSeconds(text: string | undefined): number {
  const seconds = text ? Number(text) : POLL_SECONDS;
  if (seconds > 0 && Number.isFinite(seconds)) return seconds;
  throw new PipelineError({
    code: 'flag-invalid',
    message: `"${text}" is no number of seconds`,
    where: 'BATCH_PIPELINE_POLL_SECONDS',
  });
}
