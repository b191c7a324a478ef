import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EngineJob } from '../../../src/engine/engine.ts';
import { jobScript, quote, quoteCommand, siteImage } from '../../../src/engine/slurm/script.ts';
import type { SlurmOptions } from '../../../src/engine/slurm/options.ts';

const OPTIONS: SlurmOptions = {
  runnerCommand: ['/opt/node', "/shared/it's/runner.js"],
  logFolder: '/shared/logs',
  environment: {},
};

const JOB: EngineJob = {
  name: 'run-A',
  step: 'A',
  size: 10,
  resources: { cpus: 1, memoryMiB: 100, scratchMiB: 1, timeLimitSeconds: 60 },
  image: 'quay.io/lab/picard:3',
  attempts: 3,
  rank: 0,
  environment: { BATCH_PIPELINE_RUN: 'r1' },
};

describe('quoting', () => {
  const echoed = (words: readonly string[]) =>
    execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${quoteCommand(words)}`], { encoding: 'utf8' }).split('\0');

  test('makes a shell return exactly the input', () => {
    const text = fc.string({ unit: 'binary' }).filter((word) => !word.includes('\0') && word.isWellFormed());
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (words) => {
        expect(echoed(words)).toEqual([...words, '']);
      }),
    );
    const odd = [`'`, `''`, `"$HOME"`, '$(id)', '`id`', '\\', '\n', '', '*', '~', '-n', 'time', '!', '#', '{a,b}'];
    expect(echoed(odd)).toEqual([...odd, '']);
  });

  test('refuses what no argument can contain', () => {
    expect(() => quote('a\0b')).toThrow(RangeError);
  });
});

describe('the script', () => {
  test('tells the runner its index and try, runs it, and asks for another try', () => {
    expect(jobScript(JOB, OPTIONS)).toMatchInlineSnapshot(`
      "#!/bin/bash
      export BATCH_PIPELINE_INDEX="\${SLURM_ARRAY_TASK_ID:-0}"
      export BATCH_PIPELINE_TRY="$(( \${SLURM_RESTART_COUNT:-0} + 1 ))"
      if [ "$BATCH_PIPELINE_TRY" -gt 3 ]; then
        echo 'batch-pipeline: the task was lost, no attempt is left' >&2
        exit 75
      fi
      trap : TERM
      '/opt/node' '/shared/it'\\''s/runner.js'
      status=$?
      if [ "$status" -eq 75 ] && [ "$BATCH_PIPELINE_TRY" -lt 3 ]; then
        if [ -n "$SLURM_ARRAY_JOB_ID" ]; then task="\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"; else task=$SLURM_JOB_ID; fi
        scontrol requeue "$task"
      fi
      exit "$status"
      "
    `);
  });

  test('asks for none where there is only one', () => {
    expect(jobScript({ ...JOB, attempts: 1 }, OPTIONS)).not.toContain('scontrol');
  });

  test('loads modules in a login shell and runs the prologue', () => {
    const site = { modules: ['picard/3.0', 'a b'], prologue: ['ulimit -n 4096'] };
    const lines = jobScript(JOB, { ...OPTIONS, ...site }).split('\n');
    expect([lines[0], ...lines.filter((line) => /^(module|ulimit)/.test(line))]).toEqual([
      '#!/bin/bash -l',
      `module load 'picard/3.0' || exit 125`,
      `module load 'a b' || exit 125`,
      'ulimit -n 4096',
    ]);
  });

  test.each(['apptainer', 'singularity', 'podman'] as const)('runs the image with %s', (runtime) => {
    const container = { runtime, binds: ['/shared/my data'] };
    const lines = jobScript(JOB, { ...OPTIONS, container }).split('\n');
    const first = lines.indexOf('trap : TERM') + 1;
    expect(
      lines.slice(first, lines.indexOf('if [ "$status" -eq 75 ] && [ "$BATCH_PIPELINE_TRY" -lt 3 ]; then')).join('\n'),
    ).toMatchSnapshot();
  });

  test('is a program that bash understands', () => {
    const container = { runtime: 'podman', images: {} } as const;
    const site = { modules: ['x'], prologue: ['true'] };
    const input = jobScript(JOB, { ...OPTIONS, ...site, container });
    expect(execFileSync('bash', ['-n'], { input, encoding: 'utf8' })).toBe('');
  });
});

describe('the image', () => {
  const container = { runtime: 'apptainer', images: { 'images/picard': '/images/picard.sif' } } as const;

  test("is the site's, or else the pipeline's", () => {
    expect(siteImage('images/picard', container)).toBe('/images/picard.sif');
    expect(siteImage('quay.io/lab/picard:3', container)).toBe('docker://quay.io/lab/picard:3');
    expect(siteImage('/shared/x.sif', container)).toBe('/shared/x.sif');
    expect(siteImage('oras://registry/x', container)).toBe('oras://registry/x');
    expect(siteImage('quay.io/lab/picard:3', { runtime: 'podman' })).toBe('quay.io/lab/picard:3');
  });

  test('is none without a runtime, or for a step that has none', () => {
    expect(siteImage('quay.io/lab/picard:3', undefined)).toBeUndefined();
    expect(siteImage(undefined, container)).toBeUndefined();
  });

  test('is asked for where the pipeline names a folder to build', () => {
    expect(() => siteImage('images/kallisto', container)).toThrow(expect.objectContaining({ code: 'slurm-image' }));
  });
});
