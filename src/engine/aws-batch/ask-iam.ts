import { IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import type { AskConfig, PolicyAnswer } from './account-api.ts';

/** docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html */
export async function simulate(
  config: AskConfig,
  roleArn: string,
  actions: readonly string[],
  resources: readonly string[],
  context: Readonly<Record<string, string>> = {},
): Promise<PolicyAnswer[]> {
  const input = {
    ...{ PolicySourceArn: roleArn, ActionNames: [...actions], ResourceArns: [...resources] },
    ContextEntries: Object.entries(context).map(([ContextKeyName, value]) => ({
      ...{ ContextKeyName, ContextKeyType: 'string' as const, ContextKeyValues: [value] },
    })),
  };
  const { EvaluationResults = [] } = await new IAMClient(config).send(new SimulatePrincipalPolicyCommand(input));
  return EvaluationResults.map(({ EvalActionName = '', EvalResourceName = '', EvalDecision }) => ({
    action: EvalActionName,
    resource: EvalResourceName,
    allowed: EvalDecision === 'allowed',
  }));
}
