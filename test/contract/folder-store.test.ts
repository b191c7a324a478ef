import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { storeContract } from 'batch-pipeline/testing';
import { describe, expect, test } from 'vitest';
import { openFolderStore } from '../../src/store/folder-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { startProcess } from '../../src/testing/store/start-process.ts';
import { keysUnder, sha256, textOf } from '../../src/testing/store/store-helpers.ts';
import { holdTo } from './hold-to.ts';
import { tempFolder } from './temp-folder.ts';

holdTo(
  'the folder store keeps the contract of a store',
  storeContract({ open: async (folder) => openFolderStore(join(folder, 'store')) }),
);

/** A separate filesystem in memory: always on another device than the temporary folder. */
const OTHER_DEVICE = '/dev/shm';
const FAULT_TIMEOUT_MS = 60_000;

describe('the folder store', () => {
  test('is named by its URL, and creates nothing before the first write', async () => {
    const root = join(tempFolder(), 'with space/store');
    const store = openFolderStore(root);
    expect(store.url).toBe(pathToFileURL(root).href);
    expect(await keysUnder(store, '')).toEqual([]);
    expect(existsSync(root)).toBe(false);
    await store.write('a', '1');
    expect(await textOf(await openStore(store.url), 'a')).toBe('1');
  });

  test('is not a file', () => {
    const path = join(tempFolder(), 'file');
    writeFileSync(path, '');
    expect(() => openFolderStore(path)).toThrow(expect.objectContaining({ code: 'store-not-a-folder' }));
  });

  test('moves a file in, provides it as a link, and protects it from tools', async () => {
    const folder = tempFolder();
    const store = openFolderStore(join(folder, 'store'));
    writeFileSync(join(folder, 'file'), 'content');
    const { ino } = statSync(join(folder, 'file'));
    await store.putFile('a', join(folder, 'file'));
    expect(existsSync(join(folder, 'file'))).toBe(false);
    expect(store.localPath('a')).toBe(join(folder, 'store/a'));
    await store.getFile('a', join(folder, 'link'));
    expect(statSync(join(folder, 'link')).ino).toBe(ino);
    expect(statSync(join(folder, 'link')).mode & 0o222).toBe(0);
  });

  test('takes a file from another device, and verifies the copy', async () => {
    const other = tempFolder(OTHER_DEVICE);
    const store = openFolderStore(join(tempFolder(), 'store'));
    expect(statSync(other).dev).not.toBe(statSync(join(store.localPath('a') ?? '', '../..')).dev);
    writeFileSync(join(other, 'file'), 'content');
    const wrong = store.putFile('a', join(other, 'file'), { sha256: sha256('other') });
    await expect(wrong).rejects.toMatchObject({ code: 'checksum-mismatch' });
    await store.putFile('a', join(other, 'file'), { sha256: sha256('content') });
    expect(await textOf(store, 'a')).toBe('content');
    expect(readdirSync(store.localPath('.tmp2')?.replace('.tmp2', '.tmp') ?? '')).toEqual([]);
  });

  test('reports a name used both for an object and for objects below it', async () => {
    const store = openFolderStore(tempFolder());
    await store.write('a/b', '1');
    const conflict = { code: 'store-key-conflict' };
    await expect(store.write('a', '2')).rejects.toMatchObject(conflict);
    await expect(store.create('a', '2')).rejects.toMatchObject(conflict);
    await expect(store.write('a/b/c', '2')).rejects.toMatchObject(conflict);
    expect(await keysUnder(store, '')).toEqual(['a/b']);
  });

  test('lists what is behind links, once, and stops at link cycles', async () => {
    const folder = tempFolder();
    const store = openFolderStore(folder);
    await store.write('data/a', '1');
    symlinkSync(folder, join(folder, 'data/up'));
    symlinkSync(join(folder, 'data'), join(folder, 'same'));
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
    expect(await keysUnder(store, '')).toEqual(['data/a', 'same/a']);
  });

  test('removes what a killed process left a day ago, and nothing else', async () => {
    const folder = tempFolder();
    const temp = join(folder, '.tmp');
    mkdirSync(temp);
    for (const name of ['old', 'new']) writeFileSync(join(temp, name), 'half');
    const yesterday = Date.now() / 1000 - 25 * 3600;
    utimesSync(join(temp, 'old'), yesterday, yesterday);
    await openFolderStore(folder).write('a', '1');
    expect(readdirSync(temp)).toEqual(['new']);
  });

  test('reports a full disk, and leaves nothing', { timeout: FAULT_TIMEOUT_MS }, async () => {
    const file = join(tempFolder(), 'file');
    writeFileSync(file, Buffer.alloc(2_000_000));
    const outcomes = await inMount('size=1m', { file, size: 2_000_000 });
    expect(outcomes).toEqual(['store-full', 'store-full', 'store-full']);
  });

  test('reports a missing write permission', { timeout: FAULT_TIMEOUT_MS }, async () => {
    const file = join(tempFolder(), 'file');
    writeFileSync(file, 'x');
    const outcomes = await inMount('ro', { file, size: 1 });
    expect(outcomes).toEqual(['store-unwritable', 'store-unwritable', 'store-unwritable']);
  });

  test('never shows a partial file of a killed process', { timeout: FAULT_TIMEOUT_MS }, async () => {
    const other = tempFolder(OTHER_DEVICE);
    const store = openFolderStore(join(tempFolder(), 'store'));
    const content = Buffer.alloc(4_000_000, 'x');
    writeFileSync(join(other, 'file'), content);
    const part = { role: 'put', letter: '', size: 0, file: join(other, 'file'), url: store.url } as const;
    for (let round = 0; round < 5; round++) {
      const writer = await startProcess({ ...part, keys: [`round${round}`] });
      writer.go().catch(() => undefined);
      while (!(await store.head(`round${round}/${round}`))) await setImmediate();
      await writer.kill();
    }
    const keys = await keysUnder(store, '');
    expect(keys.length).toBeGreaterThanOrEqual(15);
    for (const key of keys) expect(content.equals((await store.read(key)) ?? Buffer.of())).toBe(true);
  });
});

/** Runs a process with a filesystem mounted for it alone; the mount ends with the process. */
async function inMount(options: string, { file, size }: { file: string; size: number }): Promise<string[]> {
  const folder = tempFolder();
  const ownRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const mountAndRun = 'mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@"';
  const wrap = ['unshare', '--mount', ...ownRoot, 'sh', '-c', mountAndRun, 'sh', options, folder];
  const url = pathToFileURL(folder).href;
  const child = await startProcess({ role: 'fail', url, keys: ['a'], letter: 'x', size, file }, { wrap });
  try {
    return await child.go<string[]>();
  } finally {
    await child.kill();
  }
}
