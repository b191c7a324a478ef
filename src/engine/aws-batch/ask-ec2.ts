import { EC2Client, paginateDescribeInstanceTypes } from '@aws-sdk/client-ec2';
import type { AskConfig, InstanceSize } from './account-api.ts';

export async function instanceSizes(config: AskConfig, names: readonly string[]): Promise<InstanceSize[]> {
  const Values = names.map((name) => (name.includes('.') ? name : `${name}.*`));
  const Filters = [{ Name: 'instance-type', Values }];
  const sizes: InstanceSize[] = [];
  for await (const page of paginateDescribeInstanceTypes({ client: new EC2Client(config) }, { Filters })) {
    for (const { InstanceType = '', VCpuInfo, MemoryInfo } of page.InstanceTypes ?? [])
      sizes.push({ type: InstanceType, vcpus: VCpuInfo?.DefaultVCpus ?? 0, memoryMiB: MemoryInfo?.SizeInMiB ?? 0 });
  }
  return sizes;
}
