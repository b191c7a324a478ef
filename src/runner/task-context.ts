import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PipelineError } from '../errors.ts';

/** What one attempt has to know to begin: everything else lies in the store. */
export interface TaskContext {
  /** URL of the store. */
  store: string;
  run: string;
  job: string;
  /** Position in the array job; 0 for a plain job. */
  index: number;
  /** Which try of the engine's, from 1. */
  attempt: number;
  /** Folder under which the attempt makes its own scratch folder. */
  scratchRoot: string;
  host: string;
  /** Where the run's code is unpacked already. */
  codeFolder?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables through which an engine tells the element's index: AWS Batch's own, Slurm's own, and ours. */
const INDEX_VARIABLES = ['BATCH_PIPELINE_INDEX', 'AWS_BATCH_JOB_ARRAY_INDEX', 'SLURM_ARRAY_TASK_ID'] as const;

/**
 * Reads the task from the environment that the engine gave the runner.
 * @throws PipelineError naming the variable that is missing or wrong.
 */
export function taskContext(environment: Environment): TaskContext {
  const required = (name: string): string => {
    const value = environment[name];
    if (!value) throw badVariable(name, value);
    return value;
  };
  return {
    store: required('BATCH_PIPELINE_STORE'),
    run: required('BATCH_PIPELINE_RUN'),
    job: required('BATCH_PIPELINE_JOB'),
    index: wholeNumber(environment, INDEX_VARIABLES) ?? 0,
    attempt: tryNumber(environment),
    scratchRoot: resolve(environment['BATCH_PIPELINE_SCRATCH'] ?? join(tmpdir(), 'batch-pipeline-scratch')),
    host: hostname(),
  };
}

function tryNumber(environment: Environment): number {
  const restarts = wholeNumber(environment, ['SLURM_RESTART_COUNT']);
  return wholeNumber(environment, ['BATCH_PIPELINE_TRY', 'AWS_BATCH_JOB_ATTEMPT']) ?? (restarts ?? 0) + 1;
}

function wholeNumber(environment: Environment, names: readonly string[]): number | undefined {
  const name = names.find((candidate) => environment[candidate] !== undefined && environment[candidate] !== '');
  if (name === undefined) return undefined;
  const value = environment[name] as string;
  if (!/^\d+$/.test(value)) throw badVariable(name, value);
  return Number(value);
}

function badVariable(name: string, value: string | undefined): PipelineError {
  return new PipelineError({
    code: 'task-environment',
    message: value === undefined ? `${name} is not set` : `${name} is "${value}"`,
    hint: 'The runner is started by an engine; see docs/architecture.md for its environment.',
  });
}
