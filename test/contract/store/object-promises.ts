import { setTimeout as sleep } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import { beforeEach, describe, expect, test } from 'vitest';
import { openStore } from '../../../src/store/open-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { keysUnder, textOf, type StoreHarness } from './store-helpers.ts';

const ODD_NAMES = [
  'with space',
  'plus+and%20percent',
  `quotes'"\``,
  'xml <&> ]]>',
  'shell $HOME;*?[a]{b}!|~',
  'back\\slash',
  'question?query=1&b#fragment',
  'colon:at@comma,equals=',
  'Grüße-日本語-🧬',
  'composed-\u00e9',
  'decomposed-e\u0301',
  '.hidden',
  '..twodots',
  'trailing.',
  '.tmp2',
  'inner/.tmp/file',
  'deep/1/2/3/4/5/6/7/8/9',
  `${'n'.repeat(251)}.txt`,
];

const BAD_KEYS = ['', '/a', 'a/', 'a//b', '.', './a', '..', '../a', 'a/../b', 'a/..', 'a\0b', 'a\nb', '.tmp', '.tmp/a'];
const LONG_KEYS = ['n'.repeat(256), 'é'.repeat(128), 'a/'.repeat(512) + 'a', 'lone-\ud800'];

/** Single objects: what is written is what is read. */
export function objectPromises(harness: StoreHarness): void {
  describe('objects', () => {
    let store: Store;
    beforeEach(async () => {
      store = await harness.open();
    });

    test('an absent object is undefined, or object-not-found where required', async () => {
      expect(await store.head('no/such')).toBeUndefined();
      expect(await store.read('no/such')).toBeUndefined();
      const target = `${harness.scratch()}/target`;
      await expect(store.stream('no/such')).rejects.toMatchObject({ code: 'object-not-found' });
      await expect(store.getFile('no/such', target)).rejects.toMatchObject({ code: 'object-not-found' });
      await store.remove(['no/such', 'neither/is/this']);
      expect(await keysUnder(store, '')).toEqual([]);
    });

    test('part of a key is not an object', async () => {
      await store.write('a/b/c', 'x');
      expect(await store.head('a/b')).toBeUndefined();
      expect(await store.read('a')).toBeUndefined();
      await expect(store.stream('a/b')).rejects.toMatchObject({ code: 'object-not-found' });
      await store.remove(['a/b']);
      expect(await keysUnder(store, '')).toEqual(['a/b/c']);
    });

    test('text, bytes and empty content come back unchanged', async () => {
      const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256);
      await store.write('text', 'Grüße 🧬\n');
      await store.write('bytes', bytes);
      await store.write('nothing', '');
      expect(await textOf(store, 'text')).toBe('Grüße 🧬\n');
      expect(Buffer.from((await store.read('bytes')) ?? []).equals(bytes)).toBe(true);
      expect((await store.read('nothing'))?.length).toBe(0);
      expect((await buffer(await store.stream('nothing'))).length).toBe(0);
      expect(await store.head('nothing')).toMatchObject({ key: 'nothing', size: 0 });
      expect(await store.head('bytes')).toMatchObject({ key: 'bytes', size: 300_000 });
    });

    test('opening the same URL finds the same objects', async () => {
      await store.write('a', '1');
      const again = await openStore(store.url, harness.options);
      expect(again.url).toBe(store.url);
      expect(await textOf(again, 'a')).toBe('1');
    });

    test('an overwrite is visible at once, to every method', async () => {
      for (const body of ['first', 'second, longer', '3rd']) {
        await store.write('a', body);
        expect(await textOf(store, 'a')).toBe(body);
        expect((await buffer(await store.stream('a'))).toString()).toBe(body);
        const head = await store.head('a');
        expect(head?.size).toBe(body.length);
        expect(await Array.fromAsync(store.list(''))).toEqual([[head]]);
      }
    });

    test('the etag changes exactly with the content, even if the size stays', async () => {
      const seen = new Set<string | undefined>();
      for (let i = 100; i < 150; i++) {
        await store.write('a', `body ${i}`);
        const etag = (await store.head('a'))?.etag;
        expect((await store.head('a'))?.etag).toBe(etag);
        expect(seen).not.toContain(etag);
        seen.clear();
        seen.add(etag);
        // A folder tells writes of one length apart by its clock, whose ticks are up to 10 ms.
        await sleep(20);
      }
    });

    test('a stream starts at the given position', async () => {
      await store.write('digits', '0123456789');
      const from = async (start: number) => (await buffer(await store.stream('digits', { start }))).toString();
      expect(await Promise.all([0, 4, 9, 10, 11].map(from))).toEqual(['0123456789', '456789', '9', '', '']);
    });

    test('create creates an object once, however it was written before', async () => {
      expect(await store.create('a', 'one')).toBe(true);
      expect(await store.create('a', 'two')).toBe(false);
      await store.write('b', 'one');
      expect(await store.create('b', 'one')).toBe(false);
      expect([await textOf(store, 'a'), await textOf(store, 'b')]).toEqual(['one', 'one']);
      await store.remove(['a']);
      expect(await store.create('a', 'three')).toBe(true);
      expect(await textOf(store, 'a')).toBe('three');
    });

    test('a name is available again once the object below it is removed', async () => {
      await store.write('name/below', '1');
      await store.remove(['name/below']);
      await store.write('name', '2');
      expect(await keysUnder(store, '')).toEqual(['name']);
    });

    test('unusual names work', async () => {
      for (const name of ODD_NAMES) await store.write(`odd/${name}`, name);
      const keys = ODD_NAMES.map((name) => `odd/${name}`).sort();
      expect(await keysUnder(store, 'odd/')).toEqual(keys);
      for (const name of ODD_NAMES) {
        expect(await textOf(store, `odd/${name}`)).toBe(name);
        expect(await store.head(`odd/${name}`)).toMatchObject({ key: `odd/${name}`, size: Buffer.byteLength(name) });
      }
      await store.remove(keys);
      expect(await keysUnder(store, '')).toEqual([]);
    });

    test.for([...BAD_KEYS, ...LONG_KEYS].map((key) => [JSON.stringify(key).slice(0, 20), key] as const))(
      'refuses the key %s',
      async ([, key]) => {
        const refusal = { code: 'store-key-invalid' };
        await expect(store.head(key)).rejects.toMatchObject(refusal);
        await expect(store.read(key)).rejects.toMatchObject(refusal);
        await expect(store.write(key, '')).rejects.toMatchObject(refusal);
        await expect(store.create(key, '')).rejects.toMatchObject(refusal);
        await expect(store.remove([key])).rejects.toMatchObject(refusal);
        await expect(store.putFile(key, '/etc/hosts')).rejects.toMatchObject(refusal);
        await expect(store.getFile(key, '/nowhere/at/all')).rejects.toMatchObject(refusal);
      },
    );
  });
}
