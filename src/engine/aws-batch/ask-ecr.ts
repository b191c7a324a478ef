import { DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr';
import type { AskConfig, EcrImage } from './account-api.ts';

export async function imageDigest(
  config: AskConfig,
  { account, repository, digest, tag }: EcrImage,
): Promise<string | undefined> {
  const imageId = digest === undefined ? { imageTag: tag ?? 'latest' } : { imageDigest: digest };
  const input = { registryId: account, repositoryName: repository, imageIds: [imageId] };
  try {
    const { imageDetails = [] } = await new ECRClient(config).send(new DescribeImagesCommand(input));
    return imageDetails[0]?.imageDigest;
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (name === 'ImageNotFoundException' || name === 'RepositoryNotFoundException') return undefined;
    throw error;
  }
}
