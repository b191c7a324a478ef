import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { AskConfig } from './account-api.ts';

export async function caller(config: AskConfig): Promise<{ account: string; arn: string }> {
  const { Account = '', Arn = '' } = await new STSClient(config).send(new GetCallerIdentityCommand({}));
  return { account: Account, arn: Arn };
}
