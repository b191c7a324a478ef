import { DescribeSubnetsCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { type ApiOptions, ask, clientConfig } from '../../aws/client.ts';

export interface Subnet {
  id: string;
  vpc: string;
}

/** What `deploy` asks of EC2. */
export interface NetworkApi {
  /** Subnets with these ids. */
  subnets(ids: readonly string[]): Promise<Subnet[]>;
  /** The subnets that the account's default VPC came with, one per zone; none where there is no such VPC. */
  defaultSubnets(): Promise<Subnet[]>;
}

/** EC2 through its SDK: for networks the only file that imports it. */
export function openNetworkApi(options: ApiOptions): NetworkApi {
  const client = new EC2Client(clientConfig(options));
  const subnets = (input: { SubnetIds: string[] } | { Filters: { Name: string; Values: string[] }[] }) =>
    ask('ec2:DescribeSubnets', async () => {
      const { Subnets = [] } = await client.send(new DescribeSubnetsCommand(input));
      return Subnets.map(({ SubnetId = '', VpcId = '' }) => ({ id: SubnetId, vpc: VpcId }));
    });
  return {
    subnets: (ids) => subnets({ SubnetIds: [...ids] }),
    async defaultSubnets() {
      const isDefault = [{ Name: 'is-default', Values: ['true'] }];
      const { Vpcs: [vpc] = [] } = await ask('ec2:DescribeVpcs', () =>
        client.send(new DescribeVpcsCommand({ Filters: isDefault })),
      );
      if (!vpc?.VpcId) return [];
      return subnets({
        Filters: [
          { Name: 'vpc-id', Values: [vpc.VpcId] },
          { Name: 'default-for-az', Values: ['true'] },
        ],
      });
    },
  };
}
