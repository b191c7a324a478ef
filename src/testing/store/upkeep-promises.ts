import { deepEqual, notEqual, ok } from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { keysUnder, noise } from './store-helpers.ts';
import type { StorePromise } from './store-lab.ts';

/** A store tells times in whole seconds, or better. */
const SECOND_MS = 1000;
const LARGE_BYTES = 70_000_001;

/** What a look after old and broken things goes by. */
export const upkeepPromises: readonly StorePromise[] = [
  {
    name: 'an object has its write time, in list and head',
    holds: async ({ store }) => {
      const before = Date.now() - SECOND_MS;
      await store.write('a', '1');
      const first = await store.head('a');
      const listed = (await Array.fromAsync(store.list(''))).flat();
      deepEqual(listed, [first]);
      ok(first && first.modified >= before && first.modified <= Date.now());
      await store.write('a', '2');
      const second = await store.head('a');
      ok(second && second.modified >= first.modified);
    },
  },

  {
    name: 'nothing is unfinished in a new store, or after a complete write',
    holds: async ({ store }) => {
      deepEqual(await store.unfinished(), []);
      await store.write('a', '1');
      deepEqual(await store.unfinished(), []);
    },
  },

  {
    name: 'leftovers of a killed writer are found, are not objects, and can be removed',
    holds: async ({ store, scratch, file, start }) => {
      // A link is copied, where a file would be moved.
      symlinkSync(file(noise(LARGE_BYTES), 'large'), join(scratch, 'link'));
      const writer = await start({ role: 'send', keys: ['large'], file: join(scratch, 'link') });
      writer.go().catch(() => undefined);
      while ((await store.unfinished()).every(({ size }) => size === 0)) deepEqual(await keysUnder(store, '.'), []);
      await writer.kill();
      const left = await store.unfinished();
      // Between two of its writes it has nothing unfinished, and then there is nothing to remove.
      for (const { name, modified, ...unfinished } of left) {
        notEqual(name, '');
        ok(modified > Date.now() - 600 * SECOND_MS);
        await unfinished.remove();
        await unfinished.remove();
      }
      deepEqual(await store.unfinished(), []);
      deepEqual(
        (await keysUnder(store, '')).filter((key) => key !== 'large'),
        [],
      );
    },
  },
];
