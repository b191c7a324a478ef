import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PipelineError, PipelineErrors } from '../../../src/errors.ts';
import { arrayJobs } from '../../../src/plan/array-jobs.ts';
import { planNeeds } from '../../../src/plan/needs.ts';
import { makePlan } from '../../../src/plan/plan.ts';
import type { AttemptRecord } from '../../../src/record/attempt-record.ts';
import { summarise } from '../../../src/run/summarise.ts';
import { columns, count, duration, memory } from '../../../src/views/columns.ts';
import { errorText, failureText } from '../../../src/views/error-text.ts';
import { planReasons, planText } from '../../../src/views/plan-text.ts';
import { statusText, summaryText } from '../../../src/views/status-text.ts';
import { chain } from './chain-pipeline.ts';
import { afterRun, request, textSample } from './plan-world.ts';
import { table } from './run-table.ts';

/** Without colours, which a terminal around the tests may ask for. */
const bare = stripVTControlCharacters;

describe('numbers as text', () => {
  test.each([
    [0, '0 s'],
    [0.04, '0 s'],
    [4.26, '4.3 s'],
    [9.96, '10 s'],
    [59.4, '59 s'],
    [59.6, '1 min'],
    [60, '1 min'],
    [200, '3 min 20 s'],
    [3599.7, '1 h'],
    [3600, '1 h'],
    [7500, '2 h 5 min'],
    [7199, '2 h'],
    [100_000, '27 h 47 min'],
  ])('%d s is %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  test('no time has 60 s or 60 min left over', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (seconds) => {
        expect(duration(seconds)).not.toMatch(/\b60 (s|min)\b|\D0 (s|min)\b/);
      }),
    );
  });

  test('sizes and counts', () => {
    expect([512, 1024, 7168, 1500].map((mebibytes) => memory(mebibytes))).toEqual([
      '512 MB',
      '1 GB',
      '7 GB',
      '1500 MB',
    ]);
    expect([0, 1, 2, 10_000].map((number) => count(number, 'sample'))).toEqual([
      ...['0 samples', '1 sample', '2 samples', '10,000 samples'],
    ]);
  });
});

test('columns are as wide as their widest cell, colours not counted, without spaces at the end', () => {
  const rows = [['a', 'bbb', ''], ['\u{1b}[31mccc\u{1b}[39m', 'd'], []];
  expect(columns(rows)).toBe('a    bbb\n\u{1b}[31mccc\u{1b}[39m  d\n');
});

describe('a plan', () => {
  const samples = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'S8'].map((name) => textSample(name));
  const view = (more: Partial<ReturnType<typeof request>> = {}) => {
    const asked = { ...afterRun(request(chain, samples.slice(0, 2))), samples, ...more };
    const plan = makePlan(asked);
    const needs = planNeeds({ ...asked, plan, overrides: {} });
    const jobs = arrayJobs({
      ...{ pipeline: chain, sampleCount: samples.length, submission: 0, maxArraySize: 100 },
      resources: ({ name }, i) => needs.get(name)!.of(i),
      runs: (step, i) => plan.find((one) => one.step === step)!.decisions[i] === 'run',
    });
    const limits = { maxArraySize: 100, afterAny: true, detached: false, pollIntervalMs: 1 };
    return { plan, samples, held: asked.held, same: [], jobs, limits };
  };

  test('shows what runs, why and for which samples, and the jobs', () => {
    expect(bare(planText(view()))).toMatchInlineSnapshot(`
      "step    run  up to date  not needed
      before  0    1           0
      a       6    2           0
      b       6    2           0
      c       6    2           0
      gather  1    0           0

      Why
        a       never run       S3, S4, S5, S6, S7 and 1 more
        b       never run       S3, S4, S5, S6, S7 and 1 more
        c       never run       S3, S4, S5, S6, S7 and 1 more
        gather  inputs changed  cohort

      Jobs
        0-a-0-0   array of 6  1 cpu, 100 MB, 1 min
        0-b-0-0   array of 6  1 cpu, 100 MB, 1 min  after 0-a-0-0 (N_TO_N)
        0-c-0-0   array of 6  1 cpu, 100 MB, 1 min  after 0-b-0-0 (N_TO_N)
        0-gather  single job  1 cpu, 100 MB, 1 min  after 0-c-0-0 (ANY)"
    `);
  });

  test('reports when nothing runs', () => {
    const all = afterRun(request(chain, samples));
    expect(bare(planText(view(all)))).toMatchInlineSnapshot(`
      "step    run  up to date  not needed
      before  0    1           0
      a       0    8           0
      b       0    8           0
      c       0    8           0
      gather  0    1           0

      Jobs
        none: everything is up to date"
    `);
  });

  test('states which command submits a gather that the engine cannot hold', () => {
    const planned = view();
    const text = planText({ ...planned, limits: { ...planned.limits, afterAny: false } });
    expect(text.split('\n').at(-1)).toContain('the next status submits it, or --conductor does');
    expect(planText(planned)).not.toContain('--conductor');
  });

  test('groups by reason', () => {
    const changed = { name: 'S2', files: { txt: { location: '/in/S2.txt', size: 1, etag: 'other' } }, values: {} };
    const all = [samples[0]!, changed, samples[2]!];
    const asked = { ...afterRun(request(chain, samples.slice(0, 2))), samples: all };
    expect(
      planReasons({ plan: makePlan(asked), samples: all, held: asked.held }).filter(({ step }) => step === 'a'),
    ).toEqual([
      { step: 'a', reason: 'inputs changed', samples: ['S2'] },
      { step: 'a', reason: 'never run', samples: ['S3'] },
    ]);
  });
});

describe('status', () => {
  const samples = {
    S1: ['ok', 'ok', 'ok'],
    S2: ['-', 'old', 'ok'],
    S3: ['ok', 'waiting', 'waiting'],
    S4: ['out-of-memory', 'upstream-failed', 'upstream-failed'],
    S5: ['ok', 'ok', 'damaged'],
  };

  test('samples that need attention come first; running tasks are shown', () => {
    const text = bare(statusText(table(chain, samples, ['old', 'waiting']), { running: new Set(['S3/b']) }));
    expect(text).toMatchInlineSnapshot(`
      "sample  a                      b                c
      S4      failed: out-of-memory  upstream failed  upstream failed
      S5      succeeded              succeeded        output damaged
      S3      succeeded              running          waiting
      S1      succeeded              succeeded        succeeded
      S2      -                      up to date       succeeded

      a                3 succeeded, 1 failed
      b                3 succeeded, 1 waiting, 1 upstream-failed
      c                2 succeeded, 1 waiting, 1 upstream-failed, 1 damaged
      before (cohort)  up to date
      gather (cohort)  waiting"
    `);
  });

  test('a large cohort is shortened, failures never', () => {
    const many = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`S${i}`, i === 150 ? ['tool'] : ['ok', 'ok', 'ok']]),
    );
    const lines = bare(statusText(table(chain, many))).split('\n');
    expect(lines[1]).toMatch(/^S150 +failed: tool/);
    expect(lines.filter((line) => /^S\d/.test(line))).toHaveLength(50);
    expect(lines).toContain('… and 150 more samples (--all shows them)');
    expect(
      bare(statusText(table(chain, many), { all: true }))
        .split('\n')
        .filter((line) => /^S\d/.test(line)),
    ).toHaveLength(200);
  });

  test('one line sums up a run', () => {
    const line = (...args: Parameters<typeof table>) => bare(summaryText('chain-7', summarise(table(...args), 75)));
    expect(line(chain, { S1: ['ok', 'ok', 'ok'] }, ['old', 'ok'])).toMatchInlineSnapshot(
      `"Run chain-7: 1 sample, 1 succeeded; 4 tasks run, 1 up to date, in 1 min 15 s."`,
    );
    expect(line(chain, samples, ['old', 'waiting'])).toMatchInlineSnapshot(
      `"Run chain-7: 5 samples, 2 succeeded, 2 failed, 1 unfinished, cohort steps unfinished; 8 tasks run, 2 up to date, in 1 min 15 s."`,
    );
  });
});

test('a failed task: sample, step, cause, the last lines, and the next command', () => {
  const record = {
    ...{ sample: 'S3', step: 'kallisto', cause: 'tool', message: 'kallisto exited with code 1', hint: 'Look at it.' },
    stderrTail: Array.from({ length: 20 }, (_, i) => `line ${i + 1}`),
  } as unknown as AttemptRecord;
  expect(bare(failureText(record, 'batch-pipeline --store s'))).toMatchInlineSnapshot(`
    "failed S3 in step kallisto: tool
      kallisto exited with code 1
      -> Look at it.
      | line 13
      | line 14
      | line 15
      | line 16
      | line 17
      | line 18
      | line 19
      | line 20
      log: batch-pipeline --store s logs S3 kallisto
      debug: batch-pipeline --store s debug S3 kallisto"
  `);
});

describe('errors', () => {
  const one = (number: number) =>
    new PipelineError({ code: 'x', message: `problem ${number}`, where: `list:${number}` });

  test('problem, place and what to do', () => {
    const error = new PipelineError({
      code: 'x',
      message: 'The list is empty',
      where: 'list.txt',
      hint: 'Write names.',
    });
    expect(bare(errorText(error))).toBe('error: list.txt: The list is empty\n  -> Write names.');
  });

  test('no more than fifty of a kind', () => {
    const lines = bare(errorText(new PipelineErrors(Array.from({ length: 1000 }, (_, i) => one(i + 1))))).split('\n');
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toBe('… and 950 more problems');
  });

  test('a stack trace only for unexpected errors', () => {
    expect(bare(errorText(Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' }))))
      .toMatchInlineSnapshot(`
      "error: EACCES: permission denied
        -> The operating system refused: check owner, permissions and free space."
    `);
    expect(bare(errorText(new TypeError('x is not a function')))).toMatch(
      /^error: a bug in batch-pipeline.*\nTypeError: x is not.*\n +at /,
    );
    expect(bare(errorText('a string'))).toBe(
      'error: a bug in batch-pipeline; please report it with the details below.\na string',
    );
  });
});
