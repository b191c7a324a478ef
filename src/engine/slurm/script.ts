import type { EngineJob } from '../engine.ts';
import { containerLines, siteImage } from './container.ts';
import type { SlurmOptions } from './options.ts';
import { quote, quoteCommand } from './quote.ts';
import { RunnerExit } from './runner-exit.ts';

/** What the script adds to the job's environment, for the runner. */
const INDEX_VARIABLE = 'BATCH_PIPELINE_INDEX';
const TRY_VARIABLE = 'BATCH_PIPELINE_TRY';

/** What a container is let see besides the job's own variables: Slurm's, and what a prologue may set. */
const PASSED = [
  ...['SLURM_JOB_ID', 'SLURM_ARRAY_JOB_ID', 'SLURM_ARRAY_TASK_ID', 'SLURM_CPUS_PER_TASK'],
  'BATCH_PIPELINE_SCRATCH',
];

/**
 * The batch script of a job. It tells the runner its index and its try, runs it, and asks Slurm for another try where
 * the runner says that one makes sense. The job's environment is not in here: sbatch takes it from its own.
 */
export function jobScript(job: EngineJob, options: SlurmOptions): string {
  const { modules = [], prologue = [] } = options;
  return [
    // `module` is a function that the site's profile defines, which only a login shell reads.
    modules.length > 0 ? '#!/bin/bash -l' : '#!/bin/bash',
    `export ${INDEX_VARIABLE}="\${SLURM_ARRAY_TASK_ID:-0}"`,
    `export ${TRY_VARIABLE}="$(( \${SLURM_RESTART_COUNT:-0} + 1 ))"`,
    ...tryLimit(job.attempts),
    ...modules.map((name) => `module load ${quote(name)} || exit ${RunnerExit.notStarted}`),
    ...prologue,
    // With a trap the shell outlives SIGTERM, and so the runner has Slurm's KillWait to write its record.
    'trap : TERM',
    ...runnerLines(job, options),
    ...requeue(job.attempts),
    'exit "$status"',
    '',
  ].join('\n');
}

/** Slurm restarts what lost its node without counting; the job's attempts hold all the same. */
function tryLimit(attempts: number): string[] {
  return [
    `if [ "$${TRY_VARIABLE}" -gt ${attempts} ]; then`,
    `  echo 'batch-pipeline: the task was lost, no try is left' >&2`,
    `  exit ${RunnerExit.tryAgain}`,
    'fi',
  ];
}

function requeue(attempts: number): string[] {
  if (attempts <= 1) return [];
  return [
    `if [ "$status" -eq ${RunnerExit.tryAgain} ] && [ "$${TRY_VARIABLE}" -lt ${attempts} ]; then`,
    // Never $SLURM_JOB_ID: that of one element is the id of the array, and would start all its elements again.
    '  if [ -n "$SLURM_ARRAY_JOB_ID" ]; then task="${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"; else task=$SLURM_JOB_ID; fi',
    '  scontrol requeue "$task"',
    'fi',
  ];
}

function runnerLines(job: EngineJob, options: SlurmOptions): string[] {
  const image = siteImage(job.image, options.container);
  if (image === undefined || !options.container) {
    return [quoteCommand(options.runnerCommand), 'status=$?'];
  }
  return containerLines(options.container, image, {
    command: options.runnerCommand,
    variables: [...Object.keys(job.environment), INDEX_VARIABLE, TRY_VARIABLE, ...PASSED],
  });
}
