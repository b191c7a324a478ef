import { basename } from 'node:path';
import { closest } from 'fastest-levenshtein';
import { PipelineError, throwAll } from '../errors.ts';
import { imageKind } from '../pipeline/image-kind.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Step } from '../pipeline/step.ts';
import { nameValuePairs } from '../pipeline/name-value-pairs.ts';

/**
 * The image that a step runs in: the one that a flag gives, by the name of the step, of the image or of its last part; else
 * what was pushed for a folder; a URI is used as it is.
 * @param named `--image`, name to URI
 * @param pushed what was pushed for the pipeline: `imagesOf`
 */
export function imageOf(
  { name, image }: Pick<Step, 'name' | 'image'>,
  named: Readonly<Record<string, string>>,
  pushed: Readonly<Record<string, string>>,
): string | undefined {
  const flag = named[name] ?? (image === undefined ? undefined : (named[image] ?? named[basename(image)]));
  if (flag !== undefined || image === undefined) return flag;
  return imageKind(image) === 'folder' ? pushed[basename(image)] : image;
}

/**
 * The images that `--image` gives, name to URI.
 * @throws PipelineErrors for names that no step of the pipeline goes by
 */
export function namedImages({ name, steps }: Pipeline, flags: readonly string[] | undefined): Record<string, string> {
  const named = nameValuePairs(flags, '--image');
  const known = [
    ...new Set(steps.flatMap((step) => [step.name, ...(step.image ? [step.image, basename(step.image)] : [])])),
  ];
  throwAll(
    Object.keys(named)
      .filter((given) => !known.includes(given))
      .map(
        (given) =>
          new PipelineError({
            code: 'flag-invalid',
            message: `No step of ${name} is called "${given}", or runs in an image of that name`,
            where: '--image',
            hint: `Did you mean "${closest(given, known)}"? Names: ${known.join(', ')}.`,
          }),
      ),
  );
  return named;
}
