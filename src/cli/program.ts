import { Command } from '@commander-js/extra-typings';
import { BUILT_IN, DEFAULT_PIPELINE } from '../../pipelines/catalog.ts';
import { addEngineChoice, addEngineFlags, addRetryFlags, several } from './engine-flags.ts';
import { refuseIdleFlags } from './flag-rules.ts';
import { addGarbageCommands, addImageCommands, addStackCommands, type OnExit } from './cloud-commands.ts';

const PIPELINE = `${Object.keys(BUILT_IN).join(', ')}, or the path of a pipeline file`;

/** The command line. Commands are loaded when they run, so that `--help` and a quick `status` start fast. */
export function createProgram(version: string, onExit: OnExit) {
  const program = newProgram(version);
  addRunCommands(program, onExit);
  addFollowCommands(program, onExit);
  addResultCommands(program, onExit);
  addReferenceCommands(program, onExit);
  addStackCommands(program, onExit);
  addImageCommands(program, onExit);
  addGarbageCommands(program, onExit);
  addSetupCommands(program, onExit);
  program.hook('preAction', (_, action) => refuseIdleFlags(action));
  return program;
}

type Program = ReturnType<typeof newProgram>;

function newProgram(version: string) {
  return new Command('batch-pipeline')
    .description('From a list of samples to finished, checked, explained results: on this machine, AWS Batch or Slurm.')
    .version(version)
    .option(
      '--store <url>',
      'folder or s3://bucket/prefix that holds everything (env BATCH_PIPELINE_STORE; default ./batch-pipeline-store)',
    )
    .option('--json', 'machine-readable output on stdout')
    .showHelpAfterError('(--help shows the flags)')
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false, showGlobalOptions: true });
}

function addRunCommands(program: Program, onExit: OnExit): void {
  addRunFlags(program.command('run'))
    .description('run a pipeline for a list of samples; repeats no finished work')
    .addHelpText(
      'after',
      `\nExample:\n  $ batch-pipeline run ${DEFAULT_PIPELINE} --samples samples.csv --reference-file fasta=cdna.fa.gz --reference-file gtf=genes.gtf.gz`,
    )
    .action(async (pipeline, _flags, command) =>
      onExit(await (await import('./commands/run.ts')).runCommand(pipeline, command.optsWithGlobals())),
    );

  addRunFlags(program.command('plan'))
    .description('show what `run` would do and why; changes nothing')
    .addHelpText(
      'after',
      `\nExample:\n  $ batch-pipeline plan ${DEFAULT_PIPELINE} --samples samples.csv --reference GRCh38.104 -p insertSize=auto`,
    )
    .action(async (pipeline, _flags, command) =>
      onExit(await (await import('./commands/plan.ts')).planCommand(pipeline, command.optsWithGlobals())),
    );
}

function addFollowCommands(program: Program, onExit: OnExit): void {
  program
    .command('status')
    .description('samples x steps of a run, from the records')
    .argument('[run]', 'run id (default: the last one)')
    .option('--watch', 'refresh until the run has finished')
    .option('--all', 'every sample, not only the first 50')
    .addHelpText('after', '\nExample:\n  $ batch-pipeline status --watch')
    .action(async (run, _flags, command) =>
      onExit(await (await import('./commands/status.ts')).statusCommand(run, command.optsWithGlobals())),
    );

  program
    .command('logs')
    .description('the log of one sample: of the step that failed, or of the one given')
    .argument('<sample>', 'name of the sample; "cohort" for the cohort steps')
    .argument('[step]', 'name of the step (default: the one that failed, else the last one)')
    .option('--run <id>', 'run id (default: the last one)')
    .option('--follow', 'go on while the task runs')
    .addHelpText('after', '\nExample:\n  $ batch-pipeline logs S3\n  $ batch-pipeline logs S3 align --follow')
    .action(async (sample, step, _flags, command) =>
      onExit(await (await import('./commands/logs.ts')).logsCommand(sample, step, command.optsWithGlobals())),
    );

  program
    .command('debug')
    .description('run one task of a run again, here, in a folder that is kept; publishes nothing')
    .argument('<sample>', 'name of the sample; "cohort" for the cohort steps')
    .argument('[step]', 'name of the step (default: the one that failed, else the last one)')
    .option('--run <id>', 'run id (default: the last one)')
    .option('--folder <folder>', 'new folder to work in (default: debug/SAMPLE-STEP)')
    .addHelpText('after', '\nExample:\n  $ batch-pipeline debug S3 count')
    .action(async (sample, step, _flags, command) =>
      onExit(await (await import('./commands/debug.ts')).debugCommand(sample, step, command.optsWithGlobals())),
    );

  addRetryFlags(program.command('retry'))
    .description('run again only what did not succeed, with more memory or time for what ran out of it')
    .argument('[run]', 'run id (default: the last one)')
    .option('--watch', 'stay until the run has finished, on an engine that does not need it')
    .addHelpText('after', '\nExample:\n  $ batch-pipeline retry')
    .action(async (run, _flags, command) =>
      onExit(await (await import('./commands/retry.ts')).retryCommand(run, command.optsWithGlobals())),
    );

  program
    .command('cancel')
    .description('stop a run; finished work is kept')
    .argument('[run]', 'run id (default: the last one)')
    .addHelpText('after', '\nExample:\n  $ batch-pipeline cancel rnaseq-7')
    .action(async (run, _flags, command) =>
      onExit(await (await import('./commands/cancel.ts')).cancelCommand(run, command.optsWithGlobals())),
    );
}

function addResultCommands(program: Program, onExit: OnExit): void {
  program
    .command('results')
    .description('where the results are; --to copies them into a folder')
    .argument('[run]', 'run id (default: the last one)')
    .option('--step <name>', 'this step instead of those that end the pipeline (repeatable)', several)
    .option('--to <folder>', 'put them under FOLDER/<sample>/<step>/ (links where the disk allows)')
    .option('--verify', 'compare every file with its recorded checksum, before anything is copied')
    .addHelpText('after', '\nExample:\n  $ batch-pipeline results --verify --to ./results')
    .action(async (run, _flags, command) =>
      onExit(await (await import('./commands/results.ts')).resultsCommand(run, command.optsWithGlobals())),
    );

  program
    .command('runs')
    .description('the runs in the store')
    .addHelpText('after', '\nExample:\n  $ batch-pipeline runs')
    .action(async (_flags, command) =>
      onExit(await (await import('./commands/runs.ts')).runsCommand(command.optsWithGlobals())),
    );

  program
    .command('samples')
    .description('check a sample list: names, columns, files')
    .argument('<list>', "list file, CSV/TSV sheet, S1,S2 or 'bams/*.bam'")
    .option('--pipeline <name>', 'pipeline whose columns apply', DEFAULT_PIPELINE)
    .option('--inputs <folder>', 'where plain names are looked up')
    .addHelpText('after', '\nExample:\n  $ batch-pipeline samples samples.csv')
    .action(async (list, _flags, command) =>
      onExit(await (await import('./commands/samples.ts')).samplesCommand(list, command.optsWithGlobals())),
    );
}

function addSetupCommands(program: Program, onExit: OnExit): void {
  addEngineChoice(program.command('doctor'))
    .description('check tools, store, disk and engine on this machine')
    .argument('[pipeline]', 'pipeline whose tools are looked for', DEFAULT_PIPELINE)
    .addHelpText('after', '\nExample:\n  $ batch-pipeline doctor')
    .action(async (pipeline, _flags, command) =>
      onExit(await (await import('./commands/doctor.ts')).doctorCommand(pipeline, command.optsWithGlobals())),
    );

  program
    .command('check')
    .description('check the definition of a pipeline: names, resources, declared files, types; runs nothing')
    .argument('[pipeline]', PIPELINE, './pipeline.ts')
    .addHelpText('after', '\nExample:\n  $ batch-pipeline check ./pipeline.ts')
    .action(async (pipeline, _flags, command) =>
      onExit(await (await import('./commands/check.ts')).checkCommand(pipeline, command.optsWithGlobals())),
    );

  program
    .command('init')
    .description('write the project of a small pipeline of your own, with a test')
    .argument('[folder]', 'where', '.')
    .addHelpText('after', '\nExample:\n  $ batch-pipeline init my-pipeline')
    .action(async (folder) =>
      onExit(await (await import('./commands/init.ts')).initCommand(folder, { version: program.version() ?? '' })),
    );

  program
    .command('demo')
    .description(BUILT_IN[DEFAULT_PIPELINE]?.demo?.description ?? 'run a pipeline on samples with known results')
    .argument('[folder]', 'where', './demo')
    .option('--spike-in <folder>', 'folder with real reads to add to the simulated ones')
    .addHelpText('after', '\nExample:\n  $ batch-pipeline demo')
    .action(async (folder, _flags, command) =>
      onExit(await (await import('./commands/demo.ts')).demoCommand(folder, command.optsWithGlobals())),
    );

  program
    .command('completion')
    .description('print a completion script for bash, zsh or fish')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText('after', '\nExample:\n  $ source <(batch-pipeline completion bash)')
    .action(async (shell) =>
      onExit(await (await import('./commands/completion.ts')).completionCommand(shell, program as unknown as Command)),
    );
}

/** The flags of `run` and `plan`. */
function addRunFlags(command: Command) {
  const flags = command
    .argument('[pipeline]', PIPELINE, DEFAULT_PIPELINE)
    .option('-s, --samples <list>', "list file, CSV/TSV sheet, S1,S2 or 'bams/*.bam'")
    .option('--sample-list-file <file>', 'the same as --samples FILE')
    .option('--inputs <folder>', 'where plain sample names and relative paths are looked up (default: beside the list)')
    .option('-r, --reference <name>', 'a named reference of the store (see `reference`)')
    .option('--reference-file <name=path>', 'one reference file (repeatable)', several)
    .option('-p, --param <name=value>', 'a param of the pipeline (repeatable)', several)
    .option('--params-file <file>', 'params as YAML or JSON')
    .option(
      '--set <step.resource=value>',
      'give a step other cpus, memory, scratch or time: align.memory=8GB (repeatable)',
      several,
    )
    .option('--pipeline-name <name>', 'first part of the run id (default: the name of the pipeline)')
    .option('--bucket-name <bucket>', 'the same as --store s3://BUCKET')
    .option('--watch', 'stay until the run has finished, on an engine that does not need it');
  return addEngineFlags(flags);
}

function addReferenceCommands(program: Pick<Command, 'command'>, onExit: OnExit): void {
  const reference = program.command('reference').description('named references: built once, used by every later run');
  addReferenceFlags(reference.command('build'))
    .description('copy reference files into the store under a name, and build what the pipeline derives from them')
    .addHelpText(
      'after',
      '\nExample:\n  $ batch-pipeline reference build GRCh38.104 --reference-file fasta=cdna.fa.gz --reference-file gtf=genes.gtf.gz',
    )
    .action(async (name, _flags, command) =>
      onExit(await (await import('./commands/reference.ts')).buildReferenceCommand(name, command.optsWithGlobals())),
    );
  reference
    .command('list')
    .description('the references in the store')
    .addHelpText('after', '\nExample:\n  $ batch-pipeline reference list')
    .action(async (_flags, command) =>
      onExit(await (await import('./commands/reference.ts')).listReferencesCommand(command.optsWithGlobals())),
    );
  reference
    .command('check')
    .description('compare every file of a reference with its checksum')
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  $ batch-pipeline reference check GRCh38.104')
    .action(async (name, _flags, command) =>
      onExit(await (await import('./commands/reference.ts')).checkReferenceCommand(name, command.optsWithGlobals())),
    );
}

function addReferenceFlags(command: Command) {
  const flags = command
    .argument('<name>', 'for instance GRCh38.104')
    .option('--pipeline <name>', 'pipeline that uses it', DEFAULT_PIPELINE)
    .option('--reference-file <name=path>', 'one file (repeatable)', several)
    .option('-p, --param <name=value>', 'a param of the pipeline (repeatable)', several);
  return addEngineFlags(flags);
}
