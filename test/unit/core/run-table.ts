import type { JobDocument, Manifest } from '../../../src/record/manifest.ts';
import type { TaskRow, TaskStatus, TaskTable } from '../../../src/ledger/task-table.ts';
import { type Pipeline, upstreamSteps } from '../../../src/pipeline/pipeline.ts';
import { NO_SIZES, taskResources } from '../../../src/pipeline/resources.ts';

/** What a test writes for a task: `ok`, `old` (up to date), `-` (not needed), a cause of failure, or a state. */
function status(word: string): TaskStatus {
  switch (word) {
    case 'ok':
      return { state: 'succeeded' };
    case 'old':
      return { state: 'succeeded', upToDate: true };
    case '-':
      return { state: 'not-needed' };
    case 'waiting':
    case 'damaged':
    case 'upstream-failed':
      return { state: word };
    default:
      return { state: 'failed', cause: word as 'tool' };
  }
}

/** The table of a run of this pipeline: one word per sample step and sample, one per cohort step. */
export function table(
  pipeline: Pipeline,
  samples: Readonly<Record<string, readonly string[]>>,
  cohort: readonly string[] = [],
): TaskTable {
  const named = (scope: 'sample' | 'cohort') =>
    pipeline.steps.filter((step) => step.scope === scope).map(({ name }) => name);
  const row = (sample: string, steps: readonly string[], words: readonly string[]): TaskRow => ({
    sample,
    tasks: Object.fromEntries(steps.map((step, i) => [step, status(words[i] ?? 'ok')])),
  });
  return {
    manifest: manifestOf(pipeline, Object.keys(samples).length),
    rows: Object.entries(samples).map(([sample, words]) => row(sample, named('sample'), words)),
    cohort: row('cohort', named('cohort'), cohort),
  };
}

function manifestOf(pipeline: Pipeline, sampleCount: number): Manifest {
  return {
    ...{ version: 1, run: `${pipeline.name}-1`, nonce: '01234567', pipeline: pipeline.name, pipelineSource: '/p.ts' },
    ...{
      createdAt: '2026-01-01T00:00:00.000Z',
      programVersion: '1',
      engine: 'local',
      engineFlags: {},
      params: {},
      references: {},
    },
    ...{ sampleCount, pages: [] },
    steps: pipeline.steps.map((step) => ({
      ...{ name: step.name, scope: step.scope, upstream: upstreamSteps(step), toolVersions: {} },
      resources: taskResources(step, NO_SIZES),
      ...(step.scope === 'cohort' ? { task: { key: '', decision: 'run' as const } } : {}),
    })),
  };
}

/** One line per job: name, samples, memory and time. */
export function jobLines(jobs: readonly JobDocument[]): string[] {
  return jobs.map(({ job, samples, resources: { memoryMiB, timeLimitSeconds } }) =>
    [job, JSON.stringify(samples), `${memoryMiB} MB`, `${timeLimitSeconds} s`].join(' '),
  );
}
