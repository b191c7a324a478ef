import type { ApiOptions } from '../../aws/client.ts';
import type { StoredImage } from './ecr.ts';
import { openEcr } from './ecr.ts';

/** An image in ECR, and whether runs of this store use it. */
export interface ListedImage extends StoredImage {
  name: string;
  uri: string;
  inUse: boolean;
}

/** Every image of a stack's repositories, newest first in each; `deployed` is `Deployment.images`. */
export async function listImages(
  options: ApiOptions,
  stack: string,
  deployed: Readonly<Record<string, string>>,
): Promise<ListedImage[]> {
  const ecr = openEcr(options);
  const repositories = [...(await ecr.repositories(`${stack}/`))].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const inUse = new Set(Object.values(deployed));
  const listed = repositories.map(async ([repository, address]) =>
    (await ecr.images(repository)).map((image) => {
      const uri = `${address}@${image.digest}`;
      return { name: repository.slice(stack.length + 1), uri, inUse: inUse.has(uri), ...image };
    }),
  );
  return (await Promise.all(listed)).flat();
}
