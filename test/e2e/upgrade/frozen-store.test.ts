import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FROZEN, FROZEN_RUNS, frozenStore, withFlags } from '../../fixtures/frozen-store.ts';
import { filesIn } from '../../fixtures/work-folder.ts';

/**
 * What reruns in an older store although nothing of the user's has changed, by `pipeline step`, and why. Every entry
 * makes all labs recompute it: name it in CHANGELOG.md.
 */
const RERUNS: Readonly<Record<string, string>> = {
  // A cell whose schema makes a number of it came to `run` as text, and comes as a number: what is made of it may differ.
  'texts count': 'inputs changed',
  'texts rank': 'inputs changed',
};

/** Reported by the program that wrote the store: the rest has failed, and waits for the user. */
const WAITING = {
  texts: [],
  orders: [
    { step: 'obey', reason: 'failed before (tool)', samples: ['never'] },
    { step: 'report', reason: 'never run', samples: ['never'] },
    { step: 'all', reason: 'inputs changed', samples: ['cohort'] },
  ],
  fusion: [
    { step: 'picard', reason: 'failed before (input)', samples: ['X1'] },
    { step: 'kallisto', reason: 'never run', samples: ['X1'] },
    { step: 'pizzly', reason: 'never run', samples: ['X1'] },
    { step: 'gather', reason: 'inputs changed', samples: ['cohort'] },
  ],
} as const;

describe('a store from before opens, and', () => {
  test.for(['texts', 'orders', 'fusion'] as const)('plan of %s reruns nothing undeclared', async (name) => {
    const frozen = await frozenStore();
    const { stdout, stderr } = await frozen.current('--json', 'plan', ...FROZEN_RUNS[name]);
    expect(stderr).not.toMatch(/^error/m);
    const { reasons } = JSON.parse(stdout) as { reasons: { step: string; reason: string; samples: string[] }[] };
    const undeclared = reasons.filter(({ step, reason }) => RERUNS[`${name} ${step}`] !== reason);
    expect(undeclared).toEqual(WAITING[name]);
  });

  test('status, runs and logs show the same as before', async () => {
    const frozen = await frozenStore();
    for (const run of ['texts-2', 'texts-3', 'orders-4', 'orders-5', 'fusion-6']) {
      const [now, then] = [await frozen.current('--json', 'status', run), await frozen.older('--json', 'status', run)];
      expect(tasksOf(now.stdout), `${run}\n${now.stderr}`).toEqual(tasksOf(then.stdout));
      expect(now.code).toBe(then.code);
    }
    const runs = JSON.parse((await frozen.current('--json', 'runs')).stdout) as { run: string }[];
    expect(runs).toMatchObject(JSON.parse((await frozen.older('--json', 'runs')).stdout) as object);
    const log = await frozen.current('logs', 'never', '--run', 'orders-4');
    expect(log.code).toBe(0);
    expect(log.stdout).toContain(`ls: cannot access '${FROZEN}/flags/never'`);
    expect((await frozen.current('logs', 'held', '--run', 'orders-5')).stderr).toMatch(/cancelled/);
    expect((await frozen.current('logs', 'X1')).stdout).toMatch(/missing EOF block/);
  });

  test('results are the same, and intact, for every run', async () => {
    const frozen = await frozenStore();
    for (const run of ['texts-2', 'texts-3', 'orders-4', 'orders-5', 'fusion-6']) {
      const locations = async (program: 'current' | 'older') =>
        (await frozen[program]('--json', 'results', run)).stdout.match(/"location": .*/g) ?? [];
      const then = await locations('older');
      expect(then.length, run).toBeGreaterThan(0);
      expect(await locations('current'), run).toEqual(then);
      expect((await frozen.current('results', run, '--verify')).code, run).toBe(0);
    }
    const to = join(frozen.store, '../results');
    expect((await frozen.current('results', 'fusion-6', '--to', to)).code).toBe(0);
    expect(filesIn(to)).toContain('cohort/gather/fusions.tsv');
  });

  test('nothing of it is garbage, and its reference is whole', async () => {
    const frozen = await frozenStore();
    const before = frozen.objects();
    expect(JSON.parse((await frozen.current('--json', 'gc', '--keep-days', '36500')).stdout)).toMatchObject({
      garbage: [],
    });
    expect((await frozen.current('gc', '--apply', '--keep-days', '36500')).code).toBe(0);
    expect(frozen.objects()).toEqual(expect.arrayContaining(before));
    expect((await frozen.current('reference', 'check', 'stop-1')).code).toBe(0);
  });

  test('run continues: only new or failed tasks are computed, and the gather includes both', async () => {
    const frozen = await frozenStore();
    const before = frozen.objects();
    const ran = await frozen.current('run', ...FROZEN_RUNS.texts, '-p', 'top=2');
    expect(ran.stderr + ran.stdout).toMatch(/Run texts-7: 3 samples, 3 succeeded; 3 tasks run/);
    const rankings = filesIn(frozen.store, 'v1/texts/outputs/rank/**').map((name) =>
      readFileSync(join(frozen.store, name), 'utf8'),
    );
    expect(rankings).toContain('B\t7\t1\nA\t5\t1\n');
    expect(frozen.objects()).toEqual(expect.arrayContaining(before));
  });

  test('retry of an earlier run completes it, or states in one line why not and leaves everything', async () => {
    const frozen = await frozenStore();
    const before = frozen.objects();
    const { code, stderr } = await withFlags(['never'], () => frozen.current('retry', 'orders-4'));
    if (code === 0) {
      const lists = filesIn(frozen.store, 'v1/orders/outputs/all/**');
      expect(lists.map((name) => readFileSync(join(frozen.store, name), 'utf8'))).toContain(
        'fine ok\nlater ok\nnever ok\n',
      );
    } else expect(stderr.trim().split('\n')).toHaveLength(2);
    expect(frozen.objects()).toEqual(expect.arrayContaining(before));
  });
});

/** State and cause of every task, without what later programs tell besides. */
function tasksOf(json: string): unknown {
  const { samples, cohort } = JSON.parse(json) as Record<'samples' | 'cohort', unknown>;
  const text = JSON.stringify([samples, cohort], (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'state' in value
      ? { state: value.state, cause: 'cause' in value ? value.cause : '' }
      : value,
  );
  return JSON.parse(text);
}
