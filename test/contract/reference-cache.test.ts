import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, truncateSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLocator } from '../../src/store/open-store.ts';
import { until } from '../fixtures/until.ts';
import { contents, entryOf, holdAtOnce, holdHere, startCacheProcess, useCacheLab } from './cache/cache-lab.ts';
import type { CacheOutcome, CachePart } from './cache/cache-process.ts';
import { noise, sha256 } from '../../src/testing/store/store-helpers.ts';
import { tempFolder } from './temp-folder.ts';

const MiB = 1024 * 1024;
/** Two ranges. */
const BODY = noise(20 * MiB);
const SUM = sha256(BODY);
const FETCHES = 2;

const { s3, proxy, put, partFor, gets } = useCacheLab();

const GOOD = { sha256: SUM, read: SUM };

function fetchedBy(outcomes: readonly CacheOutcome[]): number {
  return outcomes.filter((outcome) => 'fetched' in outcome && outcome.fetched).length;
}

describe('many at once', () => {
  test.for(['sum', 'version'] as const)('fetch an object identified by its %s once', async (known) => {
    const part = partFor(await put('genome.fa.gz', BODY, known));
    const outcomes = await holdAtOnce(part, 6);
    expect(outcomes).toEqual(outcomes.map(() => expect.objectContaining(GOOD)));
    expect(fetchedBy(outcomes)).toBe(1);
    expect(gets()).toBe(FETCHES);
    expect(contents(part.folder)).toEqual({ entries: [expect.stringMatching(/\.genome\.fa\.gz$/)], incoming: [] });
    expect(statSync(entryOf(part)).mode & 0o777).toBe(0o444);
  });

  test.for([0, 1, 2])('one is killed at its request %i: another takes over', async (request) => {
    const part = partFor(await put('index', BODY));
    proxy().decide(() => (proxy().seen.length === request ? 'hold' : 'pass'));
    const first = await startCacheProcess(part);
    void first.hold();
    await until(() => proxy().seen.some(({ fault }) => fault === 'hold'));
    const holding = [1, 2, 3].map(() => holdHere(part));
    await until(() => waitersOn(part) === 3);
    await first.kill('SIGKILL');
    const outcomes = await Promise.all(holding);
    expect(outcomes).toEqual(outcomes.map(() => expect.objectContaining(GOOD)));
    expect(fetchedBy(outcomes)).toBe(1);
    expect(contents(part.folder)).toEqual({ entries: [expect.any(String)], incoming: [] });
  });

  test.for([
    ['file', /^incoming\/.*\/file$/],
    ['sum', /^sums\/.*index$/],
    ['entry', /^entries\/.*index$/],
  ] as const)('one is killed as soon as its %s exists', async ([, name]) => {
    const part = partFor(await put('index', BODY, 'version'));
    // Makes the folders.
    await holdHere({ ...part, input: await put('other', noise(10)) });
    const first = await startCacheProcess(part);
    const there = new Promise<void>((settle) => {
      const watcher = watch(join(part.folder, 'references'), { recursive: true }, (_event, file) => {
        if (!name.test(file ?? '')) return;
        watcher.close();
        settle();
      });
    });
    // On a busy machine it may be done before anybody hears of its file.
    await Promise.race([there, first.hold()]);
    await first.kill('SIGKILL');
    const outcomes = await Promise.all([holdHere(part), holdHere(part), holdHere(part)]);
    expect(outcomes).toEqual(outcomes.map(() => expect.objectContaining(GOOD)));
    // The next process that needs space removes the leftovers.
    await holdHere({ ...part, input: await put('third', noise(10)) });
    expect(contents(part.folder).incoming).toEqual([]);
  });

  test('they may see the folder under different paths, and not see each other', async () => {
    const part = partFor(await put('index', BODY));
    const other = tempFolder();
    // As two containers: other mounts, other pids, the same folder of the host.
    const script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
    const wrap = [
      'unshare',
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      'sh',
      '-c',
      script,
      'sh',
      part.folder,
      other,
    ];
    proxy().decide(({ method }) => (method === 'GET' && gets() === 1 ? 'hold' : 'pass'));
    const first = await startCacheProcess({ ...part, folder: other }, { wrap });
    void first.hold();
    await until(() => proxy().seen.some(({ fault }) => fault === 'hold'));
    const second = await startCacheProcess({ ...part, folder: other }, { wrap });
    const third = await startCacheProcess(part);
    const holding = [second.hold(), third.hold()];
    await first.kill('SIGKILL');
    const outcomes = await Promise.all(holding);
    expect(outcomes).toEqual(outcomes.map(() => expect.objectContaining(GOOD)));
    expect(fetchedBy(outcomes)).toBe(1);
  });
});

const DAMAGES: Record<string, (path: string) => void> = {
  'a flipped bit': (path) => writeFileSync(path, Buffer.concat([Buffer.from([1]), BODY.subarray(1)])),
  'a lost end': (path) => truncateSync(path, BODY.length - 1),
  'another size': (path) => writeFileSync(path, 'x', { flag: 'a' }),
  'nothing in it': (path) => truncateSync(path, 0),
};

describe('what is damaged', () => {
  for (const known of ['sum', 'version'] as const) {
    test(`is fetched again, known by its ${known}`, async () => {
      const part = partFor(await put('index', BODY, known));
      await holdHere(part);
      for (const [damage, apply] of Object.entries(DAMAGES)) {
        chmodSync(entryOf(part), 0o644);
        apply(entryOf(part));
        const outcomes = await Promise.all([holdHere(part), holdHere(part), holdHere(part)]);
        expect(outcomes, damage).toEqual(outcomes.map(() => expect.objectContaining(GOOD)));
        expect(fetchedBy(outcomes), damage).toBe(1);
        expect(sha256(readFileSync(entryOf(part)))).toBe(SUM);
      }
    });
  }

  test('damaged in transit: nothing is kept', async () => {
    const part = partFor(await put('index', BODY));
    proxy().decide(({ method }) => (method === 'GET' ? 'damage-answer' : 'pass'));
    expect(await holdHere(part)).toMatchObject({ code: 'checksum-mismatch' });
    expect(contents(part.folder)).toEqual({ entries: [], incoming: [] });
  });

  test('replaced in the store since the plan: never found under the old name', async () => {
    const input = await put('index', BODY, 'version');
    const { store, key } = await createLocator(s3.options)(input.location);
    await store.write(key, noise(BODY.length + 4).subarray(4));
    const part = partFor(input);
    expect(await holdHere(part)).toMatchObject({ code: 'input-changed' });
    expect(contents(part.folder)).toEqual({ entries: [], incoming: [] });
  });
});

describe('where it cannot be used', () => {
  test('no flock(1), no folder, a read-only folder', async () => {
    const input = await put('index', noise(10));
    const part = partFor(input);
    const empty = tempFolder();
    expect(await (await startCacheProcess(part, { path: empty })).hold()).toMatchObject({
      error: expect.stringContaining('no flock'),
    });
    const absent = { ...part, folder: join(part.folder, 'absent') };
    expect(await holdHere(absent)).toMatchObject({ error: expect.stringContaining('ENOENT') });
    expect(existsSync(absent.folder)).toBe(false);
    const wrap = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs -o ro tmpfs "$1" && shift && exec "$@"', 'sh'];
    const readOnly = await startCacheProcess(part, { wrap: [...wrap, part.folder] });
    expect(await readOnly.hold()).toMatchObject({ error: expect.stringContaining('EROFS') });
  });

  test('SIGTERM during a download and a wait: ends at once, no lock, nothing left', async () => {
    const part = partFor(await put('index', BODY));
    proxy().decide(({ method }) => (method === 'GET' ? 'hold' : 'pass'));
    const [first, second] = await Promise.all([startCacheProcess(part), startCacheProcess(part)]);
    if (!first || !second) throw new Error('unreachable');
    const downloading = first.hold();
    await until(() => gets() > 0);
    const waiting = second.hold();
    await until(() => waitersOn(part) === 1);
    second.process.kill('SIGTERM');
    expect(await waiting).toMatchObject({ error: 'asked to stop' });
    first.process.kill('SIGTERM');
    expect(await downloading).toMatchObject({ error: expect.stringMatching(/stop|abort/) });
    expect(contents(part.folder)).toEqual({ entries: [], incoming: [] });
    for (const lock of execFileSync('ls', [join(part.folder, 'references/locks')], { encoding: 'utf8' })
      .trim()
      .split('\n')) {
      const path = join(part.folder, 'references/locks', lock);
      expect([lock, spawnSync('flock', ['--wait', '10', path, 'true']).status]).toEqual([lock, 0]);
    }
  });
});

/** Who waits for another to fetch: those of flock(1) that have not started their `cat`. */
function waitersOn({ folder }: CachePart): number {
  const lines = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).split('\n');
  const fields = lines.map((line) => line.trim().split(/\s+/));
  const parents = new Set(fields.map(([, parent]) => parent));
  return fields.filter(
    ([pid, , name, , path]) =>
      name === 'flock' && path?.startsWith(folder) && path.endsWith('.fetch') && !parents.has(pid),
  ).length;
}
