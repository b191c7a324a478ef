import { PipelineError } from '../../errors.ts';
import { isOfContent } from './content-tag.ts';
import type { ApiOptions } from '../../aws/client.ts';
import { openEcr } from './ecr.ts';
import { type ImagePlan, type PipelineImages, planImages } from './plan-images.ts';

/**
 * Names of images whose folder has changed since they were pushed: one call for each. What is unknown, since a folder is
 * not here or ECR does not answer, is left out.
 * @param deployed what was pushed for the pipeline, name to URI
 */
export async function outdatedImages(
  loaded: PipelineImages,
  deployed: Readonly<Record<string, string>>,
  options: ApiOptions,
): Promise<string[]> {
  const ecr = openEcr(options);
  const isOutdated = async ({ name, tag }: ImagePlan): Promise<boolean> => {
    const [, repository, digest] = /^[^/]+\/([^@]+)@(sha256:.+)$/.exec(deployed[name] ?? '') ?? [];
    const image = repository === undefined ? undefined : await ecr.image(repository, digest ?? '');
    return image !== undefined && image.tags.length > 0 && !image.tags.some((text) => isOfContent(text, tag));
  };
  try {
    const plans = await planImages([loaded]);
    const outdated = await Promise.all(plans.map(isOutdated));
    return plans.filter((_, index) => outdated[index]).map(({ name }) => name);
  } catch (error) {
    if (error instanceof PipelineError) return [];
    throw error;
  }
}
