import { ExitCode, PipelineError } from '../../errors.ts';
import type { NetworkApi } from './network-api.ts';

/** Where instances start: the subnets that are named, else those of the default VPC. */
export async function chooseNetwork(
  api: NetworkApi,
  named: readonly string[] | undefined,
): Promise<{ VpcId: string; SubnetIds: string }> {
  const subnets = named ? await api.subnets(named) : await api.defaultSubnets();
  const [first] = subnets;
  if (!first) throw noDefaultNetwork();
  const vpcs = [...new Set(subnets.map(({ vpc }) => vpc))];
  if (vpcs.length > 1) throw severalNetworks(vpcs);
  return { VpcId: first.vpc, SubnetIds: subnets.map(({ id }) => id).join(',') };
}

function noDefaultNetwork(): PipelineError {
  return new PipelineError({
    code: 'network-missing',
    message: 'The account has no default network (VPC) with subnets in this region',
    hint: 'Name subnets with --subnets subnet-…,subnet-…, or make one: aws ec2 create-default-vpc',
    exitCode: ExitCode.environment,
  });
}

function severalNetworks(vpcs: readonly string[]): PipelineError {
  return new PipelineError({
    code: 'network-mixed',
    message: `The subnets belong to several networks: ${vpcs.join(', ')}`,
    where: '--subnets',
    hint: 'Name subnets of one VPC.',
  });
}
