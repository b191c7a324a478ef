import { spawnSync } from 'node:child_process';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { until } from '../fixtures/until.ts';
import { contents, holdHere, startCacheProcess, useCacheLab } from './cache/cache-lab.ts';
import type { CachePart } from './cache/cache-process.ts';
import { noise } from '../../src/testing/store/store-helpers.ts';

const MiB = 1024 * 1024;

const { proxy, put, partFor, gets } = useCacheLab();

describe('room', () => {
  /** Entries of 1 MiB and a cache for three of them, each with a time of last use. */
  async function lab() {
    const inputs = await Promise.all(['a', 'b', 'c', 'd'].map((name, i) => put(name, noise(MiB + i))));
    const part = partFor(inputs[0] as CachePart['input'], { limit: '3.5 MB' });
    const partOf = (name: string) => ({ ...part, input: inputs['abcd'.indexOf(name)] as CachePart['input'] });
    return {
      hold: (name: string) => holdHere(partOf(name)),
      use: (name: string) => holdHere(partOf(name), 'keep'),
      names: () =>
        contents(part.folder)
          .entries.map((id) => id.slice(-1))
          .toSorted(),
      age(name: string, hours: number) {
        const entry = contents(part.folder).entries.find((id) => id.endsWith(`.${name}`)) ?? '';
        const time = new Date(Date.now() - hours * 3_600_000);
        for (const file of [`entries/${entry}`, `locks/${entry}.use`])
          utimesSync(join(part.folder, 'references', file), time, time);
      },
    };
  }

  test('the least recently used is evicted', async () => {
    const { hold, age, names } = await lab();
    for (const name of ['a', 'b', 'c']) await hold(name);
    ['a', 'b', 'c'].forEach((name, i) => age(name, 3 - i));
    await hold('a');
    await hold('d');
    expect(names()).toEqual(['a', 'c', 'd']);
  });

  test('an entry in use never is', async () => {
    const { hold, use, age, names } = await lab();
    for (const name of ['a', 'b', 'c']) await use(name);
    ['a', 'b', 'c'].forEach((name, i) => age(name, 3 - i));
    expect(await hold('d')).toMatchObject({ error: expect.stringContaining('in use') });
    expect(names()).toEqual(['a', 'b', 'c']);
  });

  test('an entry in use is skipped', async () => {
    const { hold, use, age, names } = await lab();
    await use('a');
    for (const name of ['b', 'c']) await hold(name);
    ['a', 'b', 'c'].forEach((name, i) => age(name, 3 - i));
    await hold('d');
    expect(names()).toEqual(['a', 'c', 'd']);
  });

  test('an entry larger than the limit is not added', async () => {
    const part = partFor(await put('large', noise(2 * MiB)), { limit: '1 MB' });
    expect(await holdHere(part)).toMatchObject({ error: expect.stringContaining('larger than the cache limit') });
    expect(gets()).toBe(0);
    expect(await holdHere({ ...part, limit: 'much' })).toMatchObject({ code: 'task-environment' });
  });

  test('on a small disk, a full disk, and a disk that fills up', async () => {
    const part = partFor(await put('index', noise(5 * MiB)));
    const onDisk = (size: string, fill: string) => {
      const script = `mount -t tmpfs -o size=${size} tmpfs "$1" && ${fill} && shift && exec "$@"`;
      return startCacheProcess(part, { wrap: ['unshare', '--mount', 'sh', '-c', script, 'sh', part.folder] });
    };
    const small = await onDisk('8m', 'true');
    expect(await small.hold()).toMatchObject({ error: expect.stringContaining('larger than the cache limit') });
    const full = await onDisk('16m', 'head -c 13M /dev/zero > "$1/filler"');
    expect(await full.hold()).toMatchObject({ error: expect.stringContaining('leaves no room') });
    const fits = await onDisk('16m', 'true');
    expect(await fits.hold()).toMatchObject({ fetched: true });
    const filling = await onDisk('16m', 'true');
    proxy().decide(({ method }) => {
      const disk = `/proc/${filling.process.pid}/root${part.folder}`;
      if (method === 'GET') spawnSync('sh', ['-c', 'cat /dev/zero > "$1/filler"', 'sh', disk]);
      return 'pass';
    });
    expect(await filling.hold()).toMatchObject({ error: expect.stringContaining('No space is left') });
  });

  test('an unfinished download of a killed process does not take space for long', async () => {
    const part = partFor(await put('index', noise(20 * MiB)), { limit: '30 MB' });
    proxy().decide(({ method }) => (method === 'GET' ? 'hold' : 'pass'));
    const first = await startCacheProcess(part);
    void first.hold();
    await until(() => gets() > 0);
    await first.kill('SIGKILL');
    proxy().decide(() => 'pass');
    expect(contents(part.folder).incoming).toHaveLength(1);
    const other = await put('other', noise(15 * MiB));
    expect(await holdHere({ ...part, input: other })).toMatchObject({ fetched: true });
    expect(contents(part.folder)).toEqual({ entries: [expect.stringMatching(/other$/)], incoming: [] });
  });
});
