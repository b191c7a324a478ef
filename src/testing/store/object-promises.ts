import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import { matches } from '../contract-case.ts';
import { keysUnder, textOf } from './store-helpers.ts';
import type { StorePromise } from './store-lab.ts';

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
export const objectPromises: readonly StorePromise[] = [
  {
    name: 'an absent object is undefined, or object-not-found where required',
    holds: async ({ store, scratch }) => {
      equal(await store.head('no/such'), undefined);
      equal(await store.read('no/such'), undefined);
      const target = `${scratch}/target`;
      await rejects(store.stream('no/such'), { code: 'object-not-found' });
      await rejects(store.getFile('no/such', target), { code: 'object-not-found' });
      await store.remove(['no/such', 'neither/is/this']);
      deepEqual(await keysUnder(store, ''), []);
    },
  },

  {
    name: 'part of a key is not an object',
    holds: async ({ store }) => {
      await store.write('a/b/c', 'x');
      equal(await store.head('a/b'), undefined);
      equal(await store.read('a'), undefined);
      await rejects(store.stream('a/b'), { code: 'object-not-found' });
      await store.remove(['a/b']);
      deepEqual(await keysUnder(store, ''), ['a/b/c']);
    },
  },

  {
    name: 'text, bytes and empty content come back unchanged',
    holds: async ({ store }) => {
      const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256);
      await store.write('text', 'Grüße 🧬\n');
      await store.write('bytes', bytes);
      await store.write('nothing', '');
      equal(await textOf(store, 'text'), 'Grüße 🧬\n');
      equal(Buffer.from((await store.read('bytes')) ?? []).equals(bytes), true);
      equal((await store.read('nothing'))?.length, 0);
      equal((await buffer(await store.stream('nothing'))).length, 0);
      matches(await store.head('nothing'), { key: 'nothing', size: 0 });
      matches(await store.head('bytes'), { key: 'bytes', size: 300_000 });
    },
  },

  {
    name: 'opening the same URL finds the same objects',
    holds: async ({ store, again }) => {
      await store.write('a', '1');
      const other = await again();
      equal(other.url, store.url);
      equal(await textOf(other, 'a'), '1');
    },
  },

  {
    name: 'an overwrite is visible at once, to every method',
    holds: async ({ store }) => {
      for (const body of ['first', 'second, longer', '3rd']) {
        await store.write('a', body);
        equal(await textOf(store, 'a'), body);
        equal((await buffer(await store.stream('a'))).toString(), body);
        const head = await store.head('a');
        equal(head?.size, body.length);
        deepEqual(await Array.fromAsync(store.list('')), [[head]]);
      }
    },
  },

  {
    name: 'the etag changes exactly with the content, even if the size stays',
    holds: async ({ store }) => {
      const seen = new Set<string | undefined>();
      for (let i = 100; i < 150; i++) {
        await store.write('a', `body ${i}`);
        const etag = (await store.head('a'))?.etag;
        equal((await store.head('a'))?.etag, etag);
        ok(!seen.has(etag));
        seen.clear();
        seen.add(etag);
        // A folder tells writes of one length apart by its clock, whose ticks are up to 10 ms.
        await sleep(20);
      }
    },
  },

  {
    name: 'a stream starts at the given position',
    holds: async ({ store }) => {
      await store.write('digits', '0123456789');
      const from = async (start: number) => (await buffer(await store.stream('digits', { start }))).toString();
      deepEqual(await Promise.all([0, 4, 9, 10, 11].map(from)), ['0123456789', '456789', '9', '', '']);
    },
  },

  {
    name: 'create creates an object once, however it was written before',
    holds: async ({ store }) => {
      equal(await store.create('a', 'one'), true);
      equal(await store.create('a', 'two'), false);
      await store.write('b', 'one');
      equal(await store.create('b', 'one'), false);
      deepEqual([await textOf(store, 'a'), await textOf(store, 'b')], ['one', 'one']);
      await store.remove(['a']);
      equal(await store.create('a', 'three'), true);
      equal(await textOf(store, 'a'), 'three');
    },
  },

  {
    name: 'a name is available again once the object below it is removed',
    holds: async ({ store }) => {
      await store.write('name/below', '1');
      await store.remove(['name/below']);
      await store.write('name', '2');
      deepEqual(await keysUnder(store, ''), ['name']);
    },
  },

  {
    name: 'unusual names work',
    holds: async ({ store }) => {
      for (const name of ODD_NAMES) await store.write(`odd/${name}`, name);
      const keys = ODD_NAMES.map((name) => `odd/${name}`).sort();
      deepEqual(await keysUnder(store, 'odd/'), keys);
      for (const name of ODD_NAMES) {
        equal(await textOf(store, `odd/${name}`), name);
        matches(await store.head(`odd/${name}`), { key: `odd/${name}`, size: Buffer.byteLength(name) });
      }
      await store.remove(keys);
      deepEqual(await keysUnder(store, ''), []);
    },
  },

  ...[...BAD_KEYS, ...LONG_KEYS].map((key): StorePromise => ({
    name: `refuses the key ${JSON.stringify(key).slice(0, 20)}`,
    holds: async ({ store }) => {
      const refusal = { code: 'store-key-invalid' };
      await rejects(store.head(key), refusal);
      await rejects(store.read(key), refusal);
      await rejects(store.write(key, ''), refusal);
      await rejects(store.create(key, ''), refusal);
      await rejects(store.remove([key]), refusal);
      await rejects(store.putFile(key, '/etc/hosts'), refusal);
      await rejects(store.getFile(key, '/nowhere/at/all'), refusal);
    },
  })),
];
