import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { keysUnder, noise, sha256, textOf, type StoreHarness } from './store-helpers.ts';

/** Over 64 MiB and no multiple of any part size. */
const LARGE_BYTES = 70_000_001;
const LARGE_TIMEOUT_MS = 120_000;

/** Files to and from the store. */
export function transferPromises(harness: StoreHarness): void {
  describe('transfers', () => {
    let store: Store;
    let scratch: string;
    beforeEach(async () => {
      store = await harness.open();
      scratch = harness.scratch();
    });
    const file = (content: string | Uint8Array, name = 'file'): string => {
      writeFileSync(join(scratch, name), content);
      return join(scratch, name);
    };
    /** Names that a transfer left beside its target. */
    const leftovers = (): string[] => readdirSync(scratch).sort();

    test('a file goes up and comes down, verified both ways', async () => {
      const info = await store.putFile('a/file', file('content'), { sha256: sha256('content') });
      expect(await store.head('a/file')).toMatchObject(info);
      expect(info).toMatchObject({ key: 'a/file', size: 7 });
      const target = join(scratch, 'new/folder/target');
      expect(await store.getFile('a/file', target, { sha256: sha256('content') })).toEqual(await store.head('a/file'));
      expect(readFileSync(target, 'utf8')).toBe('content');
      expect(readdirSync(join(scratch, 'new/folder'))).toEqual(['target']);
    });

    test('an empty file too', async () => {
      await store.putFile('empty', file(''), { sha256: sha256('') });
      await store.getFile('empty', join(scratch, 'target'), { sha256: sha256('') });
      expect(readFileSync(join(scratch, 'target'), 'utf8')).toBe('');
    });

    test('a large file too, and a stream from its middle', { timeout: LARGE_TIMEOUT_MS }, async () => {
      const content = noise(LARGE_BYTES);
      const info = await store.putFile('large', file(content), { sha256: sha256(content) });
      expect(await store.head('large')).toMatchObject(info);
      expect(info.size).toBe(LARGE_BYTES);
      await store.getFile('large', join(scratch, 'target'), { sha256: sha256(content) });
      expect(content.equals(readFileSync(join(scratch, 'target')))).toBe(true);
      await store.getFile('large', join(scratch, 'unhashed'));
      expect(content.equals(readFileSync(join(scratch, 'unhashed')))).toBe(true);
      const start = 33_333_333;
      const tail = Buffer.concat(await Array.fromAsync(await store.stream('large', { start })));
      expect(content.subarray(start).equals(tail)).toBe(true);
    });

    test('putFile replaces an object, and getFile a file', async () => {
      await store.write('a', 'old');
      await store.putFile('a', file('new'));
      expect(await textOf(store, 'a')).toBe('new');
      const target = file('in the way', 'target');
      await store.getFile('a', target);
      expect(readFileSync(target, 'utf8')).toBe('new');
      await store.putFile('b', file('other'));
      await store.getFile('b', target);
      expect(readFileSync(target, 'utf8')).toBe('other');
      expect(await textOf(store, 'a')).toBe('new');
    });

    test('a linked file is stored with its content, and stays where it was', async () => {
      const original = file('content', 'original');
      symlinkSync(original, join(scratch, 'link'));
      await store.putFile('a', join(scratch, 'link'), { sha256: sha256('content') });
      writeFileSync(original, 'changed afterwards');
      expect(await textOf(store, 'a')).toBe('content');
    });

    test('content that differs from its recorded checksum is never published', async () => {
      await store.write('a', 'before');
      const original = file('content', 'original');
      symlinkSync(original, join(scratch, 'link'));
      const wrong = { sha256: sha256('something else') };
      const mismatch = { code: 'checksum-mismatch' };
      await expect(store.putFile('a', join(scratch, 'link'), wrong)).rejects.toMatchObject(mismatch);
      await expect(store.putFile('b', join(scratch, 'link'), wrong)).rejects.toMatchObject(mismatch);
      expect(await textOf(store, 'a')).toBe('before');
      expect(await keysUnder(store, '')).toEqual(['a']);
      expect(leftovers()).toEqual(['link', 'original']);
    });

    test(
      'content that differs from its recorded checksum is never delivered',
      { timeout: LARGE_TIMEOUT_MS },
      async () => {
        await store.write('small', 'content');
        await store.putFile('large', file(noise(LARGE_BYTES), 'large'));
        const before = leftovers();
        for (const key of ['small', 'large']) {
          const target = join(scratch, 'target');
          const arrival = store.getFile(key, target, { sha256: sha256('something else') });
          await expect(arrival).rejects.toMatchObject({ code: 'checksum-mismatch' });
          expect(existsSync(target)).toBe(false);
        }
        expect(leftovers()).toEqual(before);
      },
    );

    test('an unreadable file is not stored', async () => {
      const unreadable = { code: 'file-unreadable' };
      mkdirSync(join(scratch, 'folder'));
      symlinkSync(join(scratch, 'nowhere'), join(scratch, 'dangling'));
      for (const name of ['no-such-file', 'folder', 'dangling']) {
        await expect(store.putFile('a', join(scratch, name))).rejects.toMatchObject(unreadable);
      }
      expect(await keysUnder(store, '')).toEqual([]);
    });

    test('an abort before the start leaves nothing', async () => {
      await store.write('a', 'content');
      const signal = AbortSignal.abort();
      const aborted = { name: 'AbortError' };
      await expect(store.putFile('b', file('x'), { signal })).rejects.toMatchObject(aborted);
      await expect(store.getFile('a', join(scratch, 'target'), { signal })).rejects.toMatchObject(aborted);
      expect(await keysUnder(store, '')).toEqual(['a']);
      expect(leftovers()).toEqual(['file']);
    });

    test('an abort in transit leaves nothing', { timeout: LARGE_TIMEOUT_MS }, async () => {
      const original = file(noise(LARGE_BYTES), 'original');
      symlinkSync(original, join(scratch, 'link'));
      const stop = new AbortController();
      const upload = store.putFile('a', join(scratch, 'link'), { signal: stop.signal });
      setImmediate(() => stop.abort());
      await expect(upload).rejects.toMatchObject({ name: 'AbortError' });
      expect(await keysUnder(store, '')).toEqual([]);
      expect(leftovers()).toEqual(['link', 'original']);
    });
  });
}
