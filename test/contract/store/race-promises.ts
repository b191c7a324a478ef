import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { race, startProcess, type StoreProcess } from './start-process.ts';
import type { Part } from './store-process.ts';
import { inParallel, type StoreHarness } from './store-helpers.ts';

const PROCESSES = ['a', 'b', 'c', 'd', 'e'];
const RACE_TIMEOUT_MS = 120_000;

/** Several processes at once. */
export function racePromises(harness: StoreHarness): void {
  describe('races between processes', () => {
    let store: Store;
    const running: StoreProcess[] = [];
    beforeEach(async () => {
      store = await harness.open();
    });
    afterEach(async () => {
      await Promise.all(running.splice(0).map((each) => each.kill()));
    });
    const part = (role: Part['role'], letter: string, keys: string[], size: number): Part => ({
      role,
      letter,
      keys,
      size,
      url: store.url,
      options: harness.options,
    });

    test('of 50 that create an object exactly one wins, and its body stays', { timeout: RACE_TIMEOUT_MS }, async () => {
      const keys = Array.from({ length: 20 }, (_, i) => `race/${i}`);
      const wins = await race<number[]>(PROCESSES.map((letter) => part('create', letter, keys, 1000)));
      for (const [i, key] of keys.entries()) {
        const winners = PROCESSES.filter((_, p) => wins[p]?.[i] === 1);
        expect(wins.map((each) => each[i]).reduce((a = 0, b = 0) => a + b)).toBe(1);
        expect(Buffer.from((await store.read(key)) ?? []).toString()).toBe(winners[0]?.repeat(1000));
      }
    });

    test('writers of equal bodies are distinguished too', { timeout: RACE_TIMEOUT_MS }, async () => {
      const keys = Array.from({ length: 10 }, (_, i) => `race/${i}`);
      const wins = await race<number[]>(['x', 'x', 'x'].map((letter) => part('create', letter, keys, 10)));
      expect(keys.map((_, i) => wins.reduce((sum, each) => sum + (each[i] ?? 0), 0))).toEqual(keys.map(() => 1));
    });

    test('a reader never sees a partial or mixed write', { timeout: RACE_TIMEOUT_MS }, async () => {
      const size = 200_000;
      for (const letter of ['a', 'b']) running.push(await startProcess(part('write', letter, ['shared'], size)));
      for (const each of running) each.go().catch(() => undefined);
      const seen = new Set<string>();
      for (let reads = 0; reads < 100 || seen.size < 2; reads++) {
        const body = Buffer.from((await store.read('shared')) ?? []).toString();
        await setImmediate();
        if (body === '') continue;
        expect(body).toHaveLength(size);
        expect(body).toBe(body.charAt(0).repeat(size));
        seen.add(body.charAt(0));
      }
    });

    test('a killed writer leaves whole objects only', { timeout: RACE_TIMEOUT_MS }, async () => {
      const size = 2_000_000;
      const keys = Array.from({ length: 10 }, (_, i) => `killed/${i}`);
      const writers = await Promise.all(
        ['a', 'b', 'c'].map((letter) => startProcess(part('write', letter, keys, size))),
      );
      for (const writer of writers) writer.go().catch(() => undefined);
      for (const writer of writers) {
        while (!(await store.head('killed/3'))) await setImmediate();
        await writer.kill();
        await store.remove(['killed/3']);
      }
      await inParallel(keys, 4, async (key) => {
        const body = Buffer.from((await store.read(key)) ?? []).toString();
        if (body !== '') expect(body).toBe(body.charAt(0).repeat(size));
      });
    });
  });
}
