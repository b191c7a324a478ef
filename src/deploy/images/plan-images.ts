import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError, throwAll } from '../../errors.ts';
import type { LoadedPipeline } from '../../pipeline/load-pipeline.ts';
import { builtInFolder, type ImageFolder, imageFolder } from './image-folder.ts';
import { contentTag, type ContentTag, tagText } from './content-tag.ts';
import { contextFiles } from './context-files.ts';

/** An image to build from a folder. */
export interface ImagePlan extends ImageFolder {
  tag: ContentTag;
  /** Name in the builder's own storage: `localhost/` is asked of no registry. */
  local: string;
  /** Those that its Dockerfile declares. */
  buildArgs: Readonly<Record<string, string>>;
  parent?: ImagePlan;
}

export type PipelineImages = Pick<LoadedPipeline, 'pipeline' | 'source'>;

/**
 * The images that the steps of these pipelines name by folder, each once, parents first. Images by URI are not ours.
 * @param buildArgs each goes to the images whose Dockerfile declares it
 * @throws PipelineError `image-folder`, `image-name`, `image-names`, `dockerfile-parent` or `build-arg`
 */
export async function planImages(
  pipelines: readonly PipelineImages[],
  buildArgs: Readonly<Record<string, string>> = {},
): Promise<ImagePlan[]> {
  const sources = inOrder(imageFolders(pipelines)).map((image) => ({ ...image, facts: factsOf(image.folder) }));
  const base = { name: 'base', folder: builtInFolder('base') };
  // A build argument may be meant for a parent that no step runs in.
  const parents = sources.some(({ facts }) => facts.childOfBase) ? [{ ...base, facts: factsOf(base.folder) }] : [];
  throwAll(
    idleArgs(
      buildArgs,
      [...sources, ...parents].map(({ facts }) => facts),
    ),
  );
  const parent = parents[0] && (await planned(parents[0], buildArgs));
  const plans: ImagePlan[] = [];
  for (const source of sources)
    plans.push(source.name === 'base' && parent ? parent : await planned(source, buildArgs, parent));
  return plans;
}

/** The folders that the steps name: one for each name. */
export function imageFolders(pipelines: readonly PipelineImages[]): ImageFolder[] {
  const byName = new Map<string, ImageFolder>();
  for (const loaded of pipelines)
    for (const { image } of loaded.pipeline.steps) {
      const found = image === undefined ? undefined : imageFolder(image, loaded);
      if (!found) continue;
      const other = byName.get(found.name);
      if (other && other.folder !== found.folder) throw twoFolders(found, other);
      byName.set(found.name, found);
    }
  return [...byName.values()];
}

/** The parent before its children; then by name, so that two runs print the same. */
function inOrder(folders: readonly ImageFolder[]): ImageFolder[] {
  const rank = ({ name }: ImageFolder) => (name === 'base' ? '' : name);
  return folders.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

function factsOf(folder: string): DockerfileFacts {
  const file = join(folder, 'Dockerfile');
  return readDockerfile(readFileSync(file, 'utf8'), file);
}

async function planned(
  { name, folder, facts }: ImageFolder & { facts: DockerfileFacts },
  given: Readonly<Record<string, string>>,
  base?: ImagePlan,
): Promise<ImagePlan> {
  const parent = facts.childOfBase && base ? { parent: base } : {};
  const buildArgs = Object.fromEntries(Object.entries(given).filter(([arg]) => facts.args.has(arg)));
  const files = await contextFiles(folder);
  const tag = contentTag({ files, buildArgs, ...(parent.parent ? { parent: parent.parent.tag } : {}) });
  return { name, folder, tag, local: `localhost/batch-pipeline/${name}:${tagText(tag)}`, buildArgs, ...parent };
}

function idleArgs(given: Readonly<Record<string, string>>, dockerfiles: readonly DockerfileFacts[]): PipelineError[] {
  const known = new Set(dockerfiles.flatMap(({ args }) => [...args]).filter((name) => name !== 'BASE_IMAGE'));
  return Object.keys(given)
    .filter((name) => !known.has(name))
    .map(
      (name) =>
        new PipelineError({
          code: 'build-arg',
          message: name === 'BASE_IMAGE' ? 'BASE_IMAGE is for this program to set' : `No Dockerfile has ARG ${name}`,
          where: '--build-arg',
          hint: `These have it: ${[...known].toSorted().join(', ') || 'none'}.`,
        }),
    );
}

function twoFolders(one: ImageFolder, other: ImageFolder): PipelineError {
  return new PipelineError({
    code: 'image-names',
    message: `Two folders would be one image "${one.name}": ${other.folder} and ${one.folder}`,
    hint: 'An image is named after its folder: rename one of them.',
  });
}

/** What is read of a Dockerfile. The builder understands the rest. */
export interface DockerfileFacts {
  /** Names of its ARG lines. */
  args: ReadonlySet<string>;
  /** It has `ARG BASE_IMAGE`: its parent is our base image. */
  childOfBase: boolean;
}

const ARG_LINE = /^\s*ARG\s+(.*)$/gim;
const ARG_NAME = /(?:^|\s)([A-Za-z_]\w*)(?==|\s|$)/g;
/** A builder would ask Docker Hub for it. */
const FROM_NAME = /^\s*FROM\s+(?:--\S+\s+)*(?:localhost\/)?batch-pipeline\/\w+/im;

/**
 * docs.docker.com/reference/dockerfile/
 * @throws PipelineError `dockerfile-parent` for `FROM batch-pipeline/…`, which no registry has
 */
function readDockerfile(text: string, where: string): DockerfileFacts {
  const lines = text.replaceAll(/\\\r?\n/g, ' ');
  if (FROM_NAME.test(lines))
    throw new PipelineError({
      code: 'dockerfile-parent',
      message: 'The parent image is named as if it were in a registry',
      where,
      hint: 'Write two lines instead: ARG BASE_IMAGE=batch-pipeline/base and FROM ${BASE_IMAGE}',
    });
  const rests = [...lines.matchAll(ARG_LINE)].map(([, rest = '']) => rest);
  const args = new Set(rests.flatMap((rest) => [...rest.matchAll(ARG_NAME)].map(([, name = '']) => name)));
  return { args, childOfBase: args.has('BASE_IMAGE') };
}
