import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import type { Store } from '../../store/store.ts';
import { inParallel, keysUnder } from './store-helpers.ts';
import type { StorePromise } from './store-lab.ts';

const OBJECTS = 2500;

/** What a listing shows, and how. */
export const listingPromises: readonly StorePromise[] = [
  {
    name: 'a prefix is a string: siblings belong to it unless it ends in a slash',
    holds: async ({ store }) => {
      for (const key of ['a/b', 'a/bc/d', 'a/bcd', 'a/c', 'ab', 'b/a']) await store.write(key, key);
      deepEqual(await keysUnder(store, 'a/b'), ['a/b', 'a/bc/d', 'a/bcd']);
      deepEqual(await keysUnder(store, 'a/bc'), ['a/bc/d', 'a/bcd']);
      deepEqual(await keysUnder(store, 'a/bc/'), ['a/bc/d']);
      deepEqual(await keysUnder(store, 'a/'), ['a/b', 'a/bc/d', 'a/bcd', 'a/c']);
      deepEqual(await keysUnder(store, 'a'), ['a/b', 'a/bc/d', 'a/bcd', 'a/c', 'ab']);
      deepEqual(await keysUnder(store, 'a/b/'), []);
      deepEqual(await keysUnder(store, 'nothing/here'), []);
      equal((await keysUnder(store, '')).length, 6);
    },
  },

  ...['/a', 'a//b', '../a', 'a/../b', '..', '.tmp/'].map((prefix): StorePromise => ({
    name: `refuses the prefix ${JSON.stringify(prefix)}`,
    holds: async ({ store }) => {
      await rejects(Array.fromAsync(drain(store, prefix)), { code: 'store-key-invalid' });
    },
  })),

  {
    name: 'the store’s own files do not show',
    holds: async ({ store }) => {
      await store.write('a', '1');
      await store.create('b', '2');
      deepEqual(await keysUnder(store, ''), ['a', 'b']);
      deepEqual(await keysUnder(store, '.'), []);
      deepEqual(await keysUnder(store, '.tmp'), []);
    },
  },

  {
    name: '2,500 objects come in pages of at most 1,000, all and once, while others write',
    holds: async ({ store, start }) => {
      const keys = Array.from({ length: OBJECTS }, (_, i) => `many/${i % 50}/${i}`);
      await inParallel(keys, 16, (key) => store.write(key, key));
      const others = keys.filter((_, i) => i % 25 === 0).flatMap((key) => [key, `${key}-new`, `other/${key}`]);
      const part = { role: 'write', letter: 'x', keys: others, size: 5 } as const;
      const writer = await start(part);
      writer.go().catch(() => undefined);
      for (let round = 0; round < 3; round++) {
        const pages = await Array.fromAsync(store.list('many/'));
        for (const page of pages) ok(page.length <= 1000);
        const listed = pages.flat().map(({ key }) => key);
        equal(new Set(listed).size, listed.length);
        deepEqual(listed.filter((key) => !key.endsWith('-new')).sort(), keys.toSorted());
      }
      await writer.kill();
      await store.remove([...keys, ...others]);
      deepEqual(await keysUnder(store, ''), []);
    },
  },

  {
    name: 'a listing stops on abort',
    holds: async ({ store }) => {
      await store.write('a', '1');
      const signal = AbortSignal.abort();
      await rejects(Array.fromAsync(store.list('', { signal })), { name: 'AbortError' });
    },
  },
];

/** A refusal may come at the call or at the first page: both are the caller's to see. */
async function* drain(store: Store, prefix: string): AsyncGenerator<unknown> {
  yield* store.list(prefix);
}
