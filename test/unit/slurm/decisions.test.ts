import { describe, expect, test } from 'vitest';
import { failureKind, plainWords, refusal } from '../../../src/engine/slurm/slurm-commands.ts';
import { fit, parseSinfo } from '../../../src/engine/slurm/fit.ts';
import { parentDecision } from '../../../src/engine/slurm/dependencies.ts';
import type { TaskRow } from '../../../src/engine/slurm/task-rows.ts';

describe('a job to wait for', () => {
  const rows = (...states: string[]): TaskRow[] =>
    states.map((state, index) => {
      const plain = { jobId: '1', exitCode: 0, signal: 0, reason: 'None', restarts: 0, token: undefined };
      return { index, state, ...plain };
    });
  const decide = (type: 'N_TO_N' | 'SUCCESS' | 'ANY', remembered: string[], recorded: string[], size?: number) =>
    parentDecision(type, { remembered: rows(...remembered), recorded: rows(...recorded), size });

  test('that Slurm remembers completely is waited for, even if some of it failed', () => {
    expect(decide('N_TO_N', ['RUNNING', 'PENDING'], [], 2)).toBe('wait');
    expect(decide('N_TO_N', ['FAILED', 'PENDING'], [], 2)).toBe('wait');
    expect(decide('N_TO_N', ['FAILED', 'COMPLETED'], [], 2)).toBe('wait');
    expect(decide('SUCCESS', ['FAILED', 'COMPLETED'], [], 2)).toBe('wait');
  });

  test('that succeeded completely is not waited for, whatever the source', () => {
    for (const type of ['N_TO_N', 'SUCCESS', 'ANY'] as const) {
      expect(decide(type, ['COMPLETED', 'COMPLETED'], [], 2)).toBe('met');
      expect(decide(type, ['COMPLETED'], ['COMPLETED'], 2)).toBe('met');
      expect(decide(type, [], ['COMPLETED', 'COMPLETED'])).toBe('met');
    }
  });

  test('that is forgotten is not relied on', () => {
    for (const type of ['N_TO_N', 'SUCCESS'] as const) {
      expect(decide(type, [], [], 2)).toBe('forgotten');
      expect(decide(type, [], [])).toBe('forgotten');
      expect(decide(type, ['COMPLETED'], [], 2)).toBe('forgotten');
      expect(decide(type, [], ['FAILED', 'COMPLETED'], 2)).toBe('forgotten');
      expect(decide(type, ['RUNNING'], [], 2)).toBe('forgotten');
    }
  });

  test('has ended once nothing of it is live', () => {
    expect(decide('ANY', [], [], 2)).toBe('met');
    expect(decide('ANY', ['FAILED'], [], 2)).toBe('met');
    expect(decide('ANY', ['FAILED', 'RUNNING'], [], 3)).toBe('wait');
  });
});

describe('what a step needs', () => {
  const GROUPS = parseSinfo(
    [
      'main*|up|1-00:00:00|8|32000|idle|3|',
      'main*|up|1-00:00:00|64|257000|drained|1|',
      'gpu|up|infinite|16|64000|down*|2|',
    ].join('\n'),
  );
  const RESOURCES = { cpus: 4, memoryMiB: 7000, scratchMiB: 1, timeLimitSeconds: 3600 };
  const said = (more: Partial<typeof RESOURCES>, partition?: string) => {
    const { level, message } = fit(GROUPS, { step: 'A', resources: { ...RESOURCES, ...more }, partition });
    return `${level}: ${message}`;
  };

  test('is available, temporarily unavailable, or missing', () => {
    expect([
      said({}),
      said({ cpus: 64 }),
      said({ cpus: 65 }),
      said({ memoryMiB: 300_000 }),
      said({ timeLimitSeconds: 100_000 }),
      said({}, 'gpu'),
      said({}, 'main,gpu'),
      said({}, 'nope'),
    ]).toMatchInlineSnapshot(`
      [
        "ok: 4 CPUs, 7000 MiB, 60 min: 3 nodes of the default partition can do that",
        "warning: No node of the default partition that fits takes jobs now: drained",
        "error: 65 CPUs, 7000 MiB, 60 min: no node of the default partition has that; it has 8 CPUs, 32000 MiB, 1440 min; 64 CPUs, 257000 MiB, 1440 min",
        "error: 4 CPUs, 300000 MiB, 60 min: no node of the default partition has that; it has 8 CPUs, 32000 MiB, 1440 min; 64 CPUs, 257000 MiB, 1440 min",
        "error: 4 CPUs, 7000 MiB, 1667 min: no node of the default partition has that; it has 8 CPUs, 32000 MiB, 1440 min; 64 CPUs, 257000 MiB, 1440 min",
        "warning: No node of partition gpu that fits takes jobs now: down*",
        "ok: 4 CPUs, 7000 MiB, 60 min: 3 nodes of partition main,gpu can do that",
        "error: There is no partition nope",
      ]
    `);
  });
});

describe('a command that failed', () => {
  const kind = (stderr: string, exitCode = 1) => failureKind({ exitCode, stdout: '', stderr });

  test('found the controller unreachable, full, or refusing', () => {
    expect(kind('', 0)).toBeUndefined();
    expect(failureKind({ exitCode: undefined, stdout: '', stderr: '' })).toBe('away');
    for (const words of [
      'slurm_load_jobs error: Connection reset by peer',
      'sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)',
      'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation',
      'squeue: error: Zero Bytes were transmitted or received',
    ]) {
      expect(kind(words)).toBe('away');
    }
    expect(kind('sbatch: error: Batch job submission failed: Resource temporarily unavailable')).toBe('full');
    expect(kind('sbatch: error: Batch job submission failed: Invalid qos specification')).toBe('refused');
  });

  test('is reported in its own words, each once', () => {
    const stderr = 'sbatch: error: invalid partition specified: x\nsbatch: error: invalid partition specified: x\n\n';
    expect(plainWords(stderr)).toBe('invalid partition specified: x');
    const error = refusal('sbatch', { exitCode: 1, stdout: '', stderr }, 'step A');
    expect([error.message, error.where, error.code, error.exitCode]).toEqual([
      ...['sbatch says: invalid partition specified: x', 'step A', 'slurm-refused', 3],
    ]);
    expect(refusal('scancel', { exitCode: 1, stdout: '', stderr: '' }).message).toBe('scancel says: nothing');
  });
});
