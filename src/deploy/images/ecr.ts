import {
  CreateRepositoryCommand,
  DeleteRepositoryCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  type ImageDetail,
  paginateDescribeImages,
  paginateDescribeRepositories,
  PutLifecyclePolicyCommand,
} from '@aws-sdk/client-ecr';
import { type ApiOptions, ask, clientConfig } from '../../aws/client.ts';
import { isNamed } from '../../aws/failure.ts';

/** An image that ECR holds. */
export interface StoredImage {
  /** `sha256:…` */
  digest: string;
  tags: string[];
  /** As it is stored, compressed. */
  bytes: number | undefined;
  pushedAt: Date | undefined;
}

/** What is asked of ECR to push images and to tell what is there. Each call is made again until it is answered. */
export interface Ecr {
  region(): Promise<string>;
  /** Makes the repository where it is missing, and answers its URI. */
  ensureRepository(name: string, stack: string): Promise<string>;
  /** Names to URIs. */
  repositories(prefix: string): Promise<Map<string, string>>;
  /** With all images in it. */
  removeRepository(name: string): Promise<void>;
  /** By tag, or by digest (`sha256:…`); `undefined` where there is none. */
  image(repository: string, reference: string): Promise<StoredImage | undefined>;
  /** Newest first. */
  images(repository: string): Promise<StoredImage[]>;
  /** For `docker login`: `AWS:<password>`, in base64, for 12 hours. */
  authorization(): Promise<string>;
}

/** Nothing is sent yet. */
export function openEcr(options: ApiOptions): Ecr {
  const ecr = new ECRClient(clientConfig(options));
  return {
    region: () => ask('a region', () => ecr.config.region()),
    async ensureRepository(name, stack) {
      const there = await ask('ecr:DescribeRepositories', () => repositoryUri(ecr, name));
      return there ?? createRepository(ecr, name, stack);
    },
    repositories: (prefix) => ask('ecr:DescribeRepositories', () => repositoriesBelow(ecr, prefix)),
    removeRepository: (repositoryName) =>
      ask('ecr:DeleteRepository', async () => {
        await ecr.send(new DeleteRepositoryCommand({ repositoryName, force: true }));
      }),
    image: (repository, reference) => ask('ecr:DescribeImages', () => oneImage(ecr, repository, reference)),
    images: (repository) => ask('ecr:DescribeImages', () => allImages(ecr, repository)),
    authorization: () => ask('ecr:GetAuthorizationToken', () => authorization(ecr)),
  };
}

async function repositoryUri(ecr: ECRClient, name: string): Promise<string | undefined> {
  const answer = await unlessMissing(ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [name] })));
  return answer?.repositories?.[0]?.repositoryUri;
}

/** Also right if an earlier call made it whose answer was lost. */
async function createRepository(ecr: ECRClient, repositoryName: string, stack: string): Promise<string> {
  const tags = [{ Key: 'batch-pipeline', Value: stack }];
  await ask('ecr:CreateRepository', async () => {
    try {
      await ecr.send(new CreateRepositoryCommand({ repositoryName, tags, ...REPOSITORY_SETTINGS }));
    } catch (error) {
      if (!isNamed(error, 'RepositoryAlreadyExistsException')) throw error;
    }
  });
  const lifecyclePolicyText = JSON.stringify(LIFECYCLE_POLICY);
  await ask('ecr:PutLifecyclePolicy', () =>
    ecr.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText })),
  );
  return ask('ecr:DescribeRepositories', async () => (await repositoryUri(ecr, repositoryName)) ?? '');
}

async function repositoriesBelow(ecr: ECRClient, prefix: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { repositories = [] } of paginateDescribeRepositories({ client: ecr }, {}))
    for (const { repositoryName = '', repositoryUri = '' } of repositories)
      if (repositoryName.startsWith(prefix)) found.set(repositoryName, repositoryUri);
  return found;
}

async function oneImage(ecr: ECRClient, name: string, reference: string): Promise<StoredImage | undefined> {
  const imageId = reference.startsWith('sha256:') ? { imageDigest: reference } : { imageTag: reference };
  const answer = await unlessMissing(
    ecr.send(new DescribeImagesCommand({ repositoryName: name, imageIds: [imageId] })),
  );
  const [detail] = answer?.imageDetails ?? [];
  return detail && stored(detail);
}

async function allImages(ecr: ECRClient, repositoryName: string): Promise<StoredImage[]> {
  const images: StoredImage[] = [];
  for await (const { imageDetails = [] } of paginateDescribeImages({ client: ecr }, { repositoryName }))
    images.push(...imageDetails.map(stored));
  return images.toSorted((a, b) => (b.pushedAt?.getTime() ?? 0) - (a.pushedAt?.getTime() ?? 0));
}

/** docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html */
async function authorization(ecr: ECRClient): Promise<string> {
  const { authorizationData: [data] = [] } = await ecr.send(new GetAuthorizationTokenCommand({}));
  if (data?.authorizationToken) return data.authorizationToken;
  throw new Error('ECR answered without a token');
}

/** docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html */
function stored({ imageDigest = '', imageTags = [], imageSizeInBytes, imagePushedAt }: ImageDetail): StoredImage {
  return { digest: imageDigest, tags: imageTags, bytes: imageSizeInBytes, pushedAt: imagePushedAt };
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNamed(error, 'ImageNotFoundException') || isNamed(error, 'RepositoryNotFoundException')) return undefined;
    throw error;
  }
}

/**
 * How every repository of ours is made, by `images push`. A tag is the content of an
 * image, so none is ever moved: docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
 */
const REPOSITORY_SETTINGS = {
  imageTagMutability: 'IMMUTABLE',
  imageScanningConfiguration: { scanOnPush: true },
} as const;

/** Images that stay in a repository, whether or not something uses them. */
const IMAGES_KEPT = 300;

/** docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html */
const LIFECYCLE_POLICY = {
  rules: [
    {
      rulePriority: 1,
      description: `Keep the newest ${IMAGES_KEPT} images`,
      selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: IMAGES_KEPT },
      action: { type: 'expire' },
    },
  ],
} as const;
