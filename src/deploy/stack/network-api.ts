import { DescribeSubnetsCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { apiError } from '../../engine/aws-batch/call-failure.ts';
import { patientRetries } from '../../engine/aws-batch/patient-retries.ts';
import type { CloudApiOptions } from './cloudformation-api.ts';

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

const PATIENCE_MS = 60_000;

/** EC2 through its SDK: for networks the only file that imports it. */
export function openNetworkApi({ region, endpoint }: CloudApiOptions): NetworkApi {
  const client = new EC2Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    retryStrategy: patientRetries(PATIENCE_MS),
  });
  const ask = async <T>(action: string, question: () => Promise<T>): Promise<T> => {
    try {
      return await question();
    } catch (error) {
      throw apiError(error, `ec2:${action}`);
    }
  };
  const subnets = (input: { SubnetIds: string[] } | { Filters: { Name: string; Values: string[] }[] }) =>
    ask('DescribeSubnets', async () => {
      const { Subnets = [] } = await client.send(new DescribeSubnetsCommand(input));
      return Subnets.map(({ SubnetId = '', VpcId = '' }) => ({ id: SubnetId, vpc: VpcId }));
    });
  return {
    subnets: (ids) => subnets({ SubnetIds: [...ids] }),
    async defaultSubnets() {
      const isDefault = [{ Name: 'is-default', Values: ['true'] }];
      const { Vpcs: [vpc] = [] } = await ask('DescribeVpcs', () =>
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
