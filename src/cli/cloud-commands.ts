import type { Command } from '@commander-js/extra-typings';
import type { OnExit } from './program.ts';

/** Collects a flag that may be given several times. */
const several = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** `images build|push|list` */
export function addImageCommands(program: Pick<Command, 'command'>, onExit: OnExit): void {
  const images = program.command('images').description('container images of pipelines: build them, push them to ECR');
  images
    .command('build')
    .description("build the images of pipelines into docker's, podman's or buildah's own storage")
    .argument('[pipeline...]', 'fusion, or paths of pipeline files (default: fusion)')
    .option('--builder <name>', 'docker, podman or buildah (default: the first that works)')
    .option('--build-arg <name=value>', 'ARG of a Dockerfile (repeatable)', several)
    .addHelpText('after', '\nExample:\n  $ batch-pipeline images build ./pipeline.ts')
    .action(async (pipelines, _flags, command) =>
      onExit(await (await import('./commands/images.ts')).buildImagesCommand(pipelines, command.optsWithGlobals())),
    );
  images
    .command('push')
    .description(
      'bring the images of pipelines into ECR, and tell the store; what is there is not built or pushed again',
    )
    .argument('[pipeline...]', 'fusion, or paths of pipeline files (default: fusion)')
    .option('--region <name>', "region of the registry (default: AWS_REGION, or the deployment's)")
    .option('--builder <name>', 'docker, podman or buildah (default: the first that works)')
    .option('--build-arg <name=value>', 'ARG of a Dockerfile (repeatable)', several)
    .addHelpText('after', '\nExample:\n  $ batch-pipeline --store s3://my-bucket/prefix images push ./pipeline.ts')
    .action(async (pipelines, _flags, command) =>
      onExit(await (await import('./commands/images.ts')).pushImagesCommand(pipelines, command.optsWithGlobals())),
    );
  images
    .command('list')
    .description('images in ECR, and which of them the store uses')
    .option('--region <name>', "region of the registry (default: AWS_REGION, or the deployment's)")
    .addHelpText('after', '\nExample:\n  $ batch-pipeline --store s3://my-bucket/prefix images list')
    .action(async (_flags, command) =>
      onExit(await (await import('./commands/images.ts')).listImagesCommand(command.optsWithGlobals())),
    );
}
