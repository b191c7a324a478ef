import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PipelineError } from '../errors.ts';
import { type TaskContext, VARIABLES } from '../record/protocol.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables with the element's index: ours, AWS Batch's and Slurm's. */
const INDEX_VARIABLES = [VARIABLES.index, 'AWS_BATCH_JOB_ARRAY_INDEX', 'SLURM_ARRAY_TASK_ID'] as const;

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
    store: required(VARIABLES.store),
    run: required(VARIABLES.run),
    job: required(VARIABLES.job),
    index: wholeNumber(environment, INDEX_VARIABLES) ?? 0,
    attempt: attemptNumber(environment),
    scratchRoot: resolve(environment[VARIABLES.scratch] ?? join(tmpdir(), 'batch-pipeline-scratch')),
    host: hostname(),
  };
}

function attemptNumber(environment: Environment): number {
  const restarts = wholeNumber(environment, ['SLURM_RESTART_COUNT']);
  return wholeNumber(environment, [VARIABLES.attempt, 'AWS_BATCH_JOB_ATTEMPT']) ?? (restarts ?? 0) + 1;
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
