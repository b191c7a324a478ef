import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { PipelineError } from '../../errors.ts';
import type { LoadedPipeline } from '../../pipeline/load-pipeline.ts';
import { imageKind } from '../../pipeline/image-kind.ts';
import { fileURLToPath } from 'node:url';
import { BUILT_IN } from '../../../pipelines/catalog.ts';

/** A folder with a Dockerfile. */
export interface ImageFolder {
  /** Last part of the folder: name of the image, and of its repository after the stack's. */
  name: string;
  /** Absolute. */
  folder: string;
}

/** docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Repository.html, of one part of a name. */
const NAME = /^[a-z0-9]+([._-][a-z0-9]+)*$/;

/**
 * Where the Dockerfile of a step's image lies: beside the pipeline's file, or in this package.
 * @returns `undefined` for a URI
 * @throws PipelineError `image-folder` for a folder that is not there, or cannot name an image
 */
export function imageFolder(image: string, { source }: Pick<LoadedPipeline, 'source'>): ImageFolder | undefined {
  if (imageKind(image) === 'uri') return undefined;
  const name = basename(image);
  const own = source.startsWith('builtin:') ? undefined : resolve(dirname(source), image);
  if (own !== undefined && existsSync(own)) return { name: checkedName(name, own), folder: checkedFolder(own) };
  if (isBuiltIn(image)) return { name, folder: checkedFolder(builtInFolder(name)) };
  throw new PipelineError({
    code: 'image-folder',
    message: `The image ${image} is no folder${own === undefined ? ' of this package' : ''}`,
    where: own ?? source,
    hint: 'Name a folder with a Dockerfile, from where the pipeline file lies, or a URI with its tag or digest.',
  });
}

/** `images/NAME`, as the built-in pipelines name them; a user's pipeline may use the same name. */
function isBuiltIn(image: string): boolean {
  return BUILT_IN_NAMES.some((name) => image === `images/${name}`);
}

function checkedFolder(folder: string): string {
  if (existsSync(join(folder, 'Dockerfile'))) return folder;
  throw new PipelineError({ code: 'image-folder', message: 'There is no Dockerfile in this folder', where: folder });
}

function checkedName(name: string, folder: string): string {
  const taken = BUILT_IN_NAMES.includes(name);
  if (NAME.test(name) && !taken) return name;
  throw new PipelineError({
    code: 'image-name',
    message: taken ? `batch-pipeline has an image "${name}" of its own` : `"${name}" cannot be the name of an image`,
    where: folder,
    hint: 'An image is named after its folder: rename the folder, in lower case letters, digits, ".", "_" and "-".',
  });
}

/** The images that come with this package: the parent of all, and those of the built-in pipelines. */
const BUILT_IN_NAMES: readonly string[] = ['base', ...Object.values(BUILT_IN).flatMap(({ images }) => images)];

/** Where those lie, with Fetch & Run in `base`: beside the built program. */
export function builtInFolder(name: string): string {
  const candidates = ['./images', '../../../dist/images'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${candidates.join(' and ')} are missing from this installation`);
  return join(found, name);
}
