import { type Command, Option } from '@commander-js/extra-typings';
import { BUILT_IN, DEFAULT_PIPELINE } from '../../pipelines/catalog.ts';
import type { ExitCode } from '../errors.ts';

/** Takes the exit code of the command that ran. */
export type OnExit = (code: ExitCode) => void;

/** Collects a flag that may be given several times. */
const several = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

const STACK = 'batch-pipeline';
const PIPELINES = `${Object.keys(BUILT_IN).join(', ')}, or paths of pipeline files (default: ${DEFAULT_PIPELINE})`;

/** `images build|push|list` */
export function addImageCommands(program: Pick<Command, 'command'>, onExit: OnExit): void {
  const images = program
    .command('images')
    .description('container images of pipelines: build them, push them to ECR')
    .addHelpText('after', '\nExample:\n  $ batch-pipeline images push');
  images
    .command('build')
    .description("build the images of pipelines into docker's, podman's or buildah's own storage")
    .argument('[pipeline...]', PIPELINES)
    .option('--builder <name>', 'docker, podman or buildah (default: the first that works)')
    .option('--build-arg <name=value>', 'ARG of a Dockerfile (repeatable)', several)
    .addHelpText('after', '\nExample:\n  $ batch-pipeline images build ./pipeline.ts')
    .action(async (pipelines, _flags, command) =>
      onExit(await (await import('./commands/images.ts')).buildImagesCommand(pipelines, command.optsWithGlobals())),
    );
  images
    .command('push')
    .description(
      'push the images of pipelines to ECR, and note them in the store; what exists is not built or pushed again',
    )
    .argument('[pipeline...]', PIPELINES)
    .option('--region <name>', "region of the registry (default: the deployment's, or AWS_REGION)")
    .option('--builder <name>', 'docker, podman or buildah (default: the first that works)')
    .option('--build-arg <name=value>', 'ARG of a Dockerfile (repeatable)', several)
    .addHelpText('after', '\nExample:\n  $ batch-pipeline --store s3://my-bucket/prefix images push ./pipeline.ts')
    .action(async (pipelines, _flags, command) =>
      onExit(await (await import('./commands/images.ts')).pushImagesCommand(pipelines, command.optsWithGlobals())),
    );
  images
    .command('list')
    .description('images in ECR, and which of them the store uses')
    .option('--region <name>', "region of the registry (default: the deployment's, or AWS_REGION)")
    .addHelpText('after', '\nExample:\n  $ batch-pipeline --store s3://my-bucket/prefix images list')
    .action(async (_flags, command) =>
      onExit(await (await import('./commands/images.ts')).listImagesCommand(command.optsWithGlobals())),
    );
}

/** `deploy` and `destroy`: what an AWS account needs, once. */
export function addStackCommands(program: Pick<Command, 'command'>, onExit: OnExit): void {
  program
    .command('deploy')
    .description('set up AWS Batch in an account: queue, roles, bucket, log group; push the images')
    .option('--stack-name <name>', 'of CloudFormation; other names begin with it', STACK)
    .option('--region <name>', 'where (default: that of the environment or the profile)')
    .option(
      '--bucket-name <bucket>',
      'an existing bucket (default: that of --store, created where it is missing, or one named by the stack)',
    )
    .option('--queue <name>', 'an existing job queue (default: one is created)')
    .option('--job-role <arn>', 'an existing role of the jobs (default: one is created)')
    .option('--log-group <name>', 'an existing log group (default: one is created)')
    .option('--subnets <ids>', 'where instances start, with commas (default: the default VPC)')
    .option('--max-vcpus <n>', 'most vCPUs at once, on Spot and again on demand (default: 256)')
    .option('--instance-types <types>', 'types or families, with commas')
    .option('--disk <size>', 'of an instance, for the scratch of all its tasks (default: 200 GB)')
    .option('--kms-key <arn>', 'KMS key for the objects (default: S3 encrypts with keys of its own)')
    .option('--input-bucket <bucket>', 'one more bucket that jobs may read inputs from (repeatable)', several)
    .option('--intermediate-days <n>', 'days that outputs of intermediate steps are kept; 0 for ever (default: 30)')
    .addOption(new Option('--fastq-days <n>', 'earlier name of --intermediate-days').hideHelp())
    .option('--print', 'print the CloudFormation template, and do nothing else')
    .option('--plan', 'show what would change, and do nothing else')
    .option('--no-images', 'do not build and push the images')
    .addHelpText(
      'after',
      '\nExample:\n  $ batch-pipeline deploy --plan\n  $ batch-pipeline deploy --store s3://my-lab/rna --max-vcpus 512',
    )
    .action(async (_flags, command) =>
      onExit(await (await import('./commands/deploy.ts')).deployCommand(command.optsWithGlobals())),
    );

  program
    .command('destroy')
    .description('remove what `deploy` created; data are kept unless named')
    .option('--stack-name <name>', 'of CloudFormation', STACK)
    .option('--region <name>', 'where (default: that of the environment or the profile)')
    .option('--delete-data <what>', 'also the stack\'s bucket, by its name, or "images" (repeatable)', several)
    .option('--yes', 'do not ask before data are deleted')
    .option('--force', 'although jobs are unfinished: they end with their queue')
    .addHelpText(
      'after',
      '\nExample:\n  $ batch-pipeline destroy\n  $ batch-pipeline destroy --delete-data images --delete-data my-lab',
    )
    .action(async (_flags, command) =>
      onExit(await (await import('./commands/destroy.ts')).destroyCommand(command.optsWithGlobals())),
    );
}

/** Adds `gc`. */
export function addGarbageCommands(program: Pick<Command, 'command'>, onExit: OnExit): void {
  program
    .command('gc')
    .description('show what is no longer needed in the store and the account; --apply removes it')
    .option('--apply', 'remove it')
    .option('--keep-days <n>', 'keep what only later runs would need for so long after a run', '30')
    .addHelpText('after', '\nExample:\n  $ batch-pipeline gc\n  $ batch-pipeline gc --apply --keep-days 7')
    .action(async (_flags, command) =>
      onExit(await (await import('./commands/gc.ts')).gcCommand(command.optsWithGlobals())),
    );
}
