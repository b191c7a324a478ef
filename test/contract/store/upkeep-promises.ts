import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { startProcess } from './start-process.ts';
import { keysUnder, noise, type StoreHarness } from './store-helpers.ts';

/** A store tells times in whole seconds, or better. */
const SECOND_MS = 1000;
const LARGE_BYTES = 70_000_001;

/** What a look after old and broken things goes by. */
export function upkeepPromises(harness: StoreHarness): void {
  describe('upkeep', () => {
    let store: Store;
    beforeEach(async () => {
      store = await harness.open();
    });

    test('an object has its write time, in list and head', async () => {
      const before = Date.now() - SECOND_MS;
      await store.write('a', '1');
      const first = await store.head('a');
      const listed = (await Array.fromAsync(store.list(''))).flat();
      expect(listed).toEqual([first]);
      expect(first?.modified).toBeGreaterThanOrEqual(before);
      expect(first?.modified).toBeLessThanOrEqual(Date.now());
      await store.write('a', '2');
      expect((await store.head('a'))?.modified).toBeGreaterThanOrEqual(first?.modified ?? Infinity);
    });

    test('nothing is unfinished in a new store, or after a complete write', async () => {
      expect(await store.unfinished()).toEqual([]);
      await store.write('a', '1');
      expect(await store.unfinished()).toEqual([]);
    });

    test('leftovers of a killed writer are found, are not objects, and can be removed', async () => {
      const scratch = harness.scratch();
      writeFileSync(join(scratch, 'large'), noise(LARGE_BYTES));
      // A link is copied, where a file would be moved.
      symlinkSync(join(scratch, 'large'), join(scratch, 'link'));
      const part = { role: 'send', letter: '', size: 0, keys: ['large'], file: join(scratch, 'link') } as const;
      const writer = await startProcess({ ...part, keys: [...part.keys], url: store.url, options: harness.options });
      writer.go().catch(() => undefined);
      while ((await store.unfinished()).every(({ size }) => size === 0))
        expect(await keysUnder(store, '.')).toEqual([]);
      await writer.kill();
      const left = await store.unfinished();
      // Between two of its writes it has nothing unfinished, and then there is nothing to remove.
      for (const { name, modified, remove } of left) {
        expect(name).not.toBe('');
        expect(modified).toBeGreaterThan(Date.now() - 600 * SECOND_MS);
        await remove();
        await remove();
      }
      expect(await store.unfinished()).toEqual([]);
      expect((await keysUnder(store, '')).filter((key) => key !== 'large')).toEqual([]);
    });
  });
}
