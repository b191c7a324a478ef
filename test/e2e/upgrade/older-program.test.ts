import { expect, test } from 'vitest';
import { FROZEN_RUNS, type FrozenStore, frozenStore, withFlags } from '../../fixtures/frozen-store.ts';

/** Runs today's program into the store of before: a run that succeeds, one that fails for a sample, one of its retries. */
async function usedByCurrent(): Promise<FrozenStore> {
  const frozen = await frozenStore();
  for (const args of [
    ['run', ...FROZEN_RUNS.texts, '-p', 'top=2'],
    ['run', ...FROZEN_RUNS.orders],
    ['retry', 'orders-8'],
  ]) {
    const { code, stderr } = await withFlags([], () => frozen.current(...args));
    expect([0, 1], stderr).toContain(code);
  }
  return frozen;
}

/** What every program of before may do: work, or say in one line (and a hint) why not. */
function isRefusalOrSuccess({ code, stderr }: { code: number | string; stderr: string }): boolean {
  const errors = stderr.split('\n').filter((line) => /^error|^ {4}at |Error:/.test(line));
  return typeof code === 'number' && code <= 4 && errors.length <= 1;
}

const COMMANDS: readonly (readonly string[])[] = [
  ['runs'],
  ...['texts-7', 'orders-8', 'orders-4', 'fusion-6'].flatMap((run) => [
    ['status', run],
    ['results', run],
    ['results', run, '--verify'],
  ]),
  ['logs', 'never', '--run', 'orders-8'],
  ['plan', ...FROZEN_RUNS.texts],
  ['plan', ...FROZEN_RUNS.texts, '-p', 'top=2'],
  ['plan', ...FROZEN_RUNS.fusion],
  ['gc'],
  ['gc', '--apply'],
  ['cancel', 'orders-8'],
  ['reference', 'check', 'stop-1'],
];

test('on a store that today’s program has used, the older one reads, or refuses in one line, and removes nothing', async () => {
  const frozen = await usedByCurrent();
  const before = frozen.objects();
  for (const args of COMMANDS) {
    const told = await frozen.older(...args);
    expect(isRefusalOrSuccess(told), `${args.join(' ')}: ${told.code}\n${told.stderr}`).toBe(true);
    expect(frozen.objects().filter((key) => key !== 'v1/gc.json')).toEqual(before);
  }
});

const WRITING: readonly (readonly string[])[] = [
  ['run', ...FROZEN_RUNS.texts, '-p', 'top=2'],
  ['run', ...FROZEN_RUNS.texts, '-p', 'top=1'],
  ['run', ...FROZEN_RUNS.orders],
  ['retry', 'orders-8'],
  ['retry', 'orders-4'],
];

test.for(WRITING.map((args) => ({ command: args.join(' '), args })))(
  '$command of the older program adds to what is there, or refuses in one line, and removes nothing',
  async ({ args }) => {
    const frozen = await usedByCurrent();
    const before = frozen.objects();
    const told = await withFlags([], () => frozen.older(...args));
    expect(isRefusalOrSuccess(told), `${told.code}\n${told.stderr}`).toBe(true);
    expect(frozen.objects()).toEqual(expect.arrayContaining(before));
    // And today's reads all of it.
    for (const again of [['runs'], ['status'], ['results', '--verify'], ['gc']]) {
      const { code, stderr } = await frozen.current(...again);
      expect([0, 1], `${again.join(' ')}\n${stderr}`).toContain(code);
    }
  },
);
