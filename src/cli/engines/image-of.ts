import { basename } from 'node:path';
import { imageKind } from '../../deploy/images/image-kind.ts';
import type { Step } from '../../pipeline/step.ts';

/**
 * The image that a step runs in: as a flag says, by the name of the step, of the image or of its last part; then what was
 * pushed for a folder; a URI stands for itself.
 * @param named `--image`, name to URI
 * @param pushed `Deployment.images`
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
