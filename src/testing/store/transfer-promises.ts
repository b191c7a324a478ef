import { deepEqual, equal, rejects } from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { matches } from '../contract-case.ts';
import { keysUnder, noise, sha256, textOf } from './store-helpers.ts';
import type { StorePromise } from './store-lab.ts';

/** Over 64 MiB and no multiple of any part size. */
const LARGE_BYTES = 70_000_001;

/** Files to and from the store. */
export const transferPromises: readonly StorePromise[] = [
  {
    name: 'a file goes up and comes down, verified both ways',
    holds: async ({ store, scratch, file }) => {
      const info = await store.putFile('a/file', file('content'), { sha256: sha256('content') });
      matches(await store.head('a/file'), info);
      matches(info, { key: 'a/file', size: 7 });
      const target = join(scratch, 'new/folder/target');
      deepEqual(await store.getFile('a/file', target, { sha256: sha256('content') }), await store.head('a/file'));
      equal(readFileSync(target, 'utf8'), 'content');
      deepEqual(readdirSync(join(scratch, 'new/folder')), ['target']);
    },
  },

  {
    name: 'an empty file goes up and comes down',
    holds: async ({ store, scratch, file }) => {
      await store.putFile('empty', file(''), { sha256: sha256('') });
      await store.getFile('empty', join(scratch, 'target'), { sha256: sha256('') });
      equal(readFileSync(join(scratch, 'target'), 'utf8'), '');
    },
  },

  {
    name: 'a large file goes up and comes down, and a stream from its middle',
    holds: async ({ store, scratch, file }) => {
      const content = noise(LARGE_BYTES);
      const info = await store.putFile('large', file(content), { sha256: sha256(content) });
      matches(await store.head('large'), info);
      equal(info.size, LARGE_BYTES);
      await store.getFile('large', join(scratch, 'target'), { sha256: sha256(content) });
      equal(content.equals(readFileSync(join(scratch, 'target'))), true);
      await store.getFile('large', join(scratch, 'unhashed'));
      equal(content.equals(readFileSync(join(scratch, 'unhashed'))), true);
      const start = 33_333_333;
      const tail = Buffer.concat(await Array.fromAsync(await store.stream('large', { start })));
      equal(content.subarray(start).equals(tail), true);
    },
  },

  {
    name: 'putFile replaces an object, and getFile a file',
    holds: async ({ store, file }) => {
      await store.write('a', 'old');
      await store.putFile('a', file('new'));
      equal(await textOf(store, 'a'), 'new');
      const target = file('in the way', 'target');
      await store.getFile('a', target);
      equal(readFileSync(target, 'utf8'), 'new');
      await store.putFile('b', file('other'));
      await store.getFile('b', target);
      equal(readFileSync(target, 'utf8'), 'other');
      equal(await textOf(store, 'a'), 'new');
    },
  },

  {
    name: 'a linked file is stored with its content, and stays where it was',
    holds: async ({ store, scratch, file }) => {
      const original = file('content', 'original');
      symlinkSync(original, join(scratch, 'link'));
      await store.putFile('a', join(scratch, 'link'), { sha256: sha256('content') });
      writeFileSync(original, 'changed afterwards');
      equal(await textOf(store, 'a'), 'content');
    },
  },

  {
    name: 'content that differs from its recorded checksum is never published',
    holds: async ({ store, scratch, file, leftovers }) => {
      await store.write('a', 'before');
      const original = file('content', 'original');
      symlinkSync(original, join(scratch, 'link'));
      const wrong = { sha256: sha256('something else') };
      const mismatch = { code: 'checksum-mismatch' };
      await rejects(store.putFile('a', join(scratch, 'link'), wrong), mismatch);
      await rejects(store.putFile('b', join(scratch, 'link'), wrong), mismatch);
      equal(await textOf(store, 'a'), 'before');
      deepEqual(await keysUnder(store, ''), ['a']);
      deepEqual(leftovers(), ['link', 'original']);
    },
  },

  {
    name: 'content that differs from its recorded checksum is never delivered',
    holds: async ({ store, scratch, file, leftovers }) => {
      await store.write('small', 'content');
      await store.putFile('large', file(noise(LARGE_BYTES), 'large'));
      const before = leftovers();
      for (const key of ['small', 'large']) {
        const target = join(scratch, 'target');
        const arrival = store.getFile(key, target, { sha256: sha256('something else') });
        await rejects(arrival, { code: 'checksum-mismatch' });
        equal(existsSync(target), false);
      }
      deepEqual(leftovers(), before);
    },
  },

  {
    name: 'an unreadable file is not stored',
    holds: async ({ store, scratch }) => {
      const unreadable = { code: 'file-unreadable' };
      mkdirSync(join(scratch, 'folder'));
      symlinkSync(join(scratch, 'nowhere'), join(scratch, 'dangling'));
      for (const name of ['no-such-file', 'folder', 'dangling']) {
        await rejects(store.putFile('a', join(scratch, name)), unreadable);
      }
      deepEqual(await keysUnder(store, ''), []);
    },
  },

  {
    name: 'an abort before the start leaves nothing',
    holds: async ({ store, scratch, file, leftovers }) => {
      await store.write('a', 'content');
      const signal = AbortSignal.abort();
      const aborted = { name: 'AbortError' };
      await rejects(store.putFile('b', file('x'), { signal }), aborted);
      await rejects(store.getFile('a', join(scratch, 'target'), { signal }), aborted);
      deepEqual(await keysUnder(store, ''), ['a']);
      deepEqual(leftovers(), ['file']);
    },
  },

  {
    name: 'an abort in transit leaves nothing',
    holds: async ({ store, scratch, file, leftovers }) => {
      const original = file(noise(LARGE_BYTES), 'original');
      symlinkSync(original, join(scratch, 'link'));
      const stop = new AbortController();
      const upload = store.putFile('a', join(scratch, 'link'), { signal: stop.signal });
      setImmediate(() => stop.abort());
      await rejects(upload, { name: 'AbortError' });
      deepEqual(await keysUnder(store, ''), []);
      deepEqual(leftovers(), ['link', 'original']);
    },
  },
];
