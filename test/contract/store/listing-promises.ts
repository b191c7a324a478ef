import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { startProcess, type StoreProcess } from './start-process.ts';
import { inParallel, keysUnder, type StoreHarness } from './store-helpers.ts';

const LISTING_TIMEOUT_MS = 120_000;
const OBJECTS = 2500;

/** What a listing shows, and how. */
export function listingPromises(harness: StoreHarness): void {
  describe('listing', () => {
    let store: Store;
    const running: StoreProcess[] = [];
    beforeEach(async () => {
      store = await harness.open();
    });
    afterEach(async () => {
      await Promise.all(running.splice(0).map((each) => each.kill()));
    });

    test('a prefix is a string: siblings belong to it unless it ends in a slash', async () => {
      for (const key of ['a/b', 'a/bc/d', 'a/bcd', 'a/c', 'ab', 'b/a']) await store.write(key, key);
      expect(await keysUnder(store, 'a/b')).toEqual(['a/b', 'a/bc/d', 'a/bcd']);
      expect(await keysUnder(store, 'a/bc')).toEqual(['a/bc/d', 'a/bcd']);
      expect(await keysUnder(store, 'a/bc/')).toEqual(['a/bc/d']);
      expect(await keysUnder(store, 'a/')).toEqual(['a/b', 'a/bc/d', 'a/bcd', 'a/c']);
      expect(await keysUnder(store, 'a')).toEqual(['a/b', 'a/bc/d', 'a/bcd', 'a/c', 'ab']);
      expect(await keysUnder(store, 'a/b/')).toEqual([]);
      expect(await keysUnder(store, 'nothing/here')).toEqual([]);
      expect(await keysUnder(store, '')).toHaveLength(6);
    });

    test.for(['/a', 'a//b', '../a', 'a/../b', '..', '.tmp/'])('refuses the prefix %j', async (prefix) => {
      await expect(Array.fromAsync(drain(store, prefix))).rejects.toMatchObject({ code: 'store-key-invalid' });
    });

    test('the store’s own files do not show', async () => {
      await store.write('a', '1');
      await store.create('b', '2');
      expect(await keysUnder(store, '')).toEqual(['a', 'b']);
      expect(await keysUnder(store, '.')).toEqual([]);
      expect(await keysUnder(store, '.tmp')).toEqual([]);
    });

    test(
      '2,500 objects come in pages of at most 1,000, all and once, while others write',
      { timeout: LISTING_TIMEOUT_MS },
      async () => {
        const keys = Array.from({ length: OBJECTS }, (_, i) => `many/${i % 50}/${i}`);
        await inParallel(keys, 16, (key) => store.write(key, key));
        const others = keys.filter((_, i) => i % 25 === 0).flatMap((key) => [key, `${key}-new`, `other/${key}`]);
        const part = { role: 'write', letter: 'x', keys: others, size: 5 } as const;
        running.push(await startProcess({ ...part, url: store.url, options: harness.options }));
        running[0]?.go().catch(() => undefined);
        for (let round = 0; round < 3; round++) {
          const pages = await Array.fromAsync(store.list('many/'));
          for (const page of pages) expect(page.length).toBeLessThanOrEqual(1000);
          const listed = pages.flat().map(({ key }) => key);
          expect(new Set(listed).size).toBe(listed.length);
          expect(listed.filter((key) => !key.endsWith('-new')).sort()).toEqual(keys.toSorted());
        }
        await running[0]?.kill();
        await store.remove([...keys, ...others]);
        expect(await keysUnder(store, '')).toEqual([]);
      },
    );

    test('a listing stops on abort', async () => {
      await store.write('a', '1');
      const signal = AbortSignal.abort();
      await expect(Array.fromAsync(store.list('', { signal }))).rejects.toMatchObject({ name: 'AbortError' });
    });
  });
}

/** A refusal may come at the call or at the first page: both are the caller's to see. */
async function* drain(store: Store, prefix: string): AsyncGenerator<unknown> {
  yield* store.list(prefix);
}
