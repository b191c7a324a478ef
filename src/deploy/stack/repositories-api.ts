import { DeleteRepositoryCommand, ECRClient, paginateDescribeRepositories } from '@aws-sdk/client-ecr';
import { apiError } from '../../engine/aws-batch/call-failure.ts';
import { patientRetries } from '../../engine/aws-batch/patient-retries.ts';
import type { CloudApiOptions } from './cloudformation-api.ts';

/** What `deploy` and `destroy` ask of ECR. */
export interface RepositoriesApi {
  /** Names of the repositories below a stack's name: `batch-pipeline/picard`. */
  below(stack: string): Promise<string[]>;
  /** With all images in it. */
  remove(name: string): Promise<void>;
}

const PATIENCE_MS = 60_000;

/** ECR's repositories through its SDK. */
export function openRepositoriesApi({ region, endpoint }: CloudApiOptions): RepositoriesApi {
  const client = new ECRClient({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    retryStrategy: patientRetries(PATIENCE_MS),
  });
  return {
    async below(stack) {
      try {
        const names: string[] = [];
        for await (const { repositories = [] } of paginateDescribeRepositories({ client }, {}))
          names.push(...repositories.flatMap(({ repositoryName }) => repositoryName ?? []));
        return names.filter((name) => name.startsWith(`${stack}/`));
      } catch (error) {
        throw apiError(error, 'ecr:DescribeRepositories');
      }
    },
    async remove(repositoryName) {
      try {
        await client.send(new DeleteRepositoryCommand({ repositoryName, force: true }));
      } catch (error) {
        throw apiError(error, 'ecr:DeleteRepository', `repository ${repositoryName}`);
      }
    },
  };
}
