import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest';
import { openStore } from '../../../src/store/open-store.ts';
import { type FaultProxy, startFaultProxy } from '../../stack/s3/fault-proxy.ts';
import { useS3 } from '../../stack/s3/use-s3.ts';
import { sha256 } from '../../../src/testing/store/store-helpers.ts';
import { tempFolder } from '../temp-folder.ts';
import { type CacheOutcome, type CachePart, take } from './cache-process.ts';

const PROGRAM = join(import.meta.dirname, 'cache-process.ts');

/** Starts a server, and a proxy before it, for the tests of a file. */
export function useCacheLab() {
  const s3 = useS3();
  let started: FaultProxy | undefined;
  const proxy = (): FaultProxy => {
    if (!started) throw new Error('The proxy is started before the first test');
    return started;
  };
  beforeAll(async () => {
    started = await startFaultProxy(s3.server.port);
  });
  afterAll(() => started?.stop());
  beforeEach(() => {
    proxy().seen.splice(0);
    proxy().decide(() => 'pass');
  });
  return {
    s3,
    proxy,
    /** Puts content into the store; the input that names it, by its checksum or only by its version. */
    async put(name: string, body: Buffer, known: 'sum' | 'version' = 'sum'): Promise<CachePart['input']> {
      const store = await openStore(s3.newUrl(), s3.options);
      await store.write(name, body);
      const info = await store.head(name);
      const input = { location: `${store.url}/${name}`, size: body.length, ...(info ? { etag: info.etag } : {}) };
      return known === 'sum' ? { ...input, sha256: sha256(body) } : input;
    },
    /** A new cache, and how a process takes this input from it. */
    partFor: (input: CachePart['input'], more: Partial<CachePart> = {}): CachePart => ({
      ...{ folder: tempFolder(), endpoint: proxy().endpoint, input },
      ...more,
    }),
    gets: () => proxy().seen.filter(({ method }) => method === 'GET').length,
  };
}

/** A process that is about to take an input from the cache. */
export interface CacheProcess {
  readonly process: ChildProcess;
  /** Lets it take the input; resolves when it holds it, or cannot. */
  hold(): Promise<CacheOutcome>;
  /** Sends it this signal, and waits until it has exited. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** `wrap` runs it inside another command. It is killed when the test ends. */
export async function startCacheProcess(
  part: CachePart,
  { wrap = [], path = process.env['PATH'] }: { wrap?: readonly string[]; path?: string | undefined } = {},
): Promise<CacheProcess> {
  const words = [...wrap, process.execPath, PROGRAM, JSON.stringify(part)];
  const child = spawn(words[0] as string, words.slice(1), {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PATH: path },
  });
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  onTestFinished(() => kill('SIGKILL'));
  await lines.next();
  return {
    process: child,
    kill,
    async hold() {
      child.stdin.write('go\n');
      const { value } = await lines.next();
      return JSON.parse(value ?? '{"error":"gone"}') as CacheOutcome;
    },
  };
}

/** Starts so many at once, and waits for what becomes of each. */
export async function holdAtOnce(part: CachePart, count: number): Promise<CacheOutcome[]> {
  const all = await Promise.all(Array.from({ length: count }, () => startCacheProcess(part)));
  return Promise.all(all.map((each) => each.hold()));
}

/** In this process; released at once, or when the test ends. */
export async function holdHere(part: CachePart, then?: 'keep'): Promise<CacheOutcome> {
  const { outcome, held } = await take(part, new AbortController().signal);
  if (then === 'keep') onTestFinished(() => held?.release());
  else held?.release();
  return outcome;
}

/** What lies in the cache: names of entries, and of what is under way. */
export function contents(folder: string): { entries: string[]; incoming: string[] } {
  const [entries, incoming] = ['entries', 'incoming'].map((part) => readdirSync(join(folder, 'references', part)));
  return { entries: (entries ?? []).toSorted(), incoming: incoming ?? [] };
}

/** Path of the only entry. */
export function entryOf({ folder }: CachePart): string {
  return join(folder, 'references/entries', contents(folder).entries[0] ?? '');
}
