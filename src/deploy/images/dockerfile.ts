import { PipelineError } from '../../errors.ts';

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
export function readDockerfile(text: string, where: string): DockerfileFacts {
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
