import { DEFAULT_STACK, readDeployment } from '../../ledger/deployment.ts';
import { openEcr, type StoredImage } from './ecr.ts';
import { ecrOptions, type Place } from './push-images.ts';

/** An image in ECR, and whether runs of this store use it. */
export interface ListedImage extends StoredImage {
  name: string;
  uri: string;
  inUse: boolean;
}

/** Every image of the repositories of a store's stack, newest first in each. */
export async function listImages(
  { store, environment }: Place,
  region: string | undefined,
): Promise<{ stack: string; images: ListedImage[] }> {
  const deployed = await readDeployment(store);
  const stack = deployed?.stack ?? DEFAULT_STACK;
  const ecr = openEcr(ecrOptions(environment, region ?? deployed?.region));
  const repositories = [...(await ecr.repositories(`${stack}/`))].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const inUse = new Set(Object.values(deployed?.images ?? {}));
  const listed = repositories.map(async ([repository, address]) =>
    (await ecr.images(repository)).map((image) => {
      const uri = `${address}@${image.digest}`;
      return { name: repository.slice(stack.length + 1), uri, inUse: inUse.has(uri), ...image };
    }),
  );
  return { stack, images: (await Promise.all(listed)).flat() };
}
