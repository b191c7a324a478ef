import { deepEqual, equal } from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { inParallel } from './store-helpers.ts';
import type { StorePromise } from './store-lab.ts';

const PROCESSES = ['a', 'b', 'c', 'd', 'e'];

/** Several processes at once. */
export const racePromises: readonly StorePromise[] = [
  {
    name: 'of 50 that create an object exactly one wins, and its body stays',
    holds: async ({ store, race }) => {
      const keys = Array.from({ length: 20 }, (_, i) => `race/${i}`);
      const wins = await race<number[]>(PROCESSES.map((letter) => ({ role: 'create', letter, keys, size: 1000 })));
      for (const [i, key] of keys.entries()) {
        const winners = PROCESSES.filter((_, p) => wins[p]?.[i] === 1);
        equal(
          wins.map((each) => each[i]).reduce((a = 0, b = 0) => a + b),
          1,
        );
        equal(Buffer.from((await store.read(key)) ?? []).toString(), winners[0]?.repeat(1000));
      }
    },
  },

  {
    name: 'writers of equal bodies are distinguished too',
    holds: async ({ race }) => {
      const keys = Array.from({ length: 10 }, (_, i) => `race/${i}`);
      const wins = await race<number[]>(['x', 'x', 'x'].map((letter) => ({ role: 'create', letter, keys, size: 10 })));
      deepEqual(
        keys.map((_, i) => wins.reduce((sum, each) => sum + (each[i] ?? 0), 0)),
        keys.map(() => 1),
      );
    },
  },

  {
    name: 'a reader never sees a partial or mixed write',
    holds: async ({ store, start }) => {
      const size = 200_000;
      const parts = ['a', 'b'].map((letter) => ({ role: 'write', letter, keys: ['shared'], size }) as const);
      for (const writer of await Promise.all(parts.map(start))) writer.go().catch(() => undefined);
      const seen = new Set<string>();
      for (let reads = 0; reads < 100 || seen.size < 2; reads++) {
        const body = Buffer.from((await store.read('shared')) ?? []).toString();
        await setImmediate();
        if (body === '') continue;
        equal(body.length, size);
        equal(body, body.charAt(0).repeat(size));
        seen.add(body.charAt(0));
      }
    },
  },

  {
    name: 'a killed writer leaves whole objects only',
    holds: async ({ store, start }) => {
      const size = 2_000_000;
      const keys = Array.from({ length: 10 }, (_, i) => `killed/${i}`);
      const writers = await Promise.all(['a', 'b', 'c'].map((letter) => start({ role: 'write', letter, keys, size })));
      for (const writer of writers) writer.go().catch(() => undefined);
      for (const writer of writers) {
        while (!(await store.head('killed/3'))) await setImmediate();
        await writer.kill();
        await store.remove(['killed/3']);
      }
      await inParallel(keys, 4, async (key) => {
        const body = Buffer.from((await store.read(key)) ?? []).toString();
        if (body !== '') equal(body, body.charAt(0).repeat(size));
      });
    },
  },
];
