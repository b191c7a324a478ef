import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { messageOf } from '../../errors.ts';
import type { Store } from '../../store/store.ts';
import { type Opening, reopen } from './reopen.ts';

/**
 * A separate process for the store's contract: it opens a store, prints "ready", waits for a line on its standard
 * input, plays its role and prints the result as one line of JSON.
 */
export interface Part {
  role: keyof typeof ROLES;
  url: string;
  opening?: Opening;
  keys: readonly string[];
  /** Of what is written: this letter, this often. */
  letter: string;
  size: number;
  /** For the roles that transfer one. */
  file?: string;
}

const WRITERS = 10;

const ROLES = {
  /** Ten writers race for every key; how many won each. */
  async create(store: Store, { keys, letter, size }: Part): Promise<number[]> {
    const wins: number[] = [];
    for (const key of keys) {
      const body = letter.repeat(size);
      const won = await Promise.all(Array.from({ length: WRITERS }, () => store.create(key, body)));
      wins.push(won.filter(Boolean).length);
    }
    return wins;
  },
  /** Writes the keys over and over, until it is killed. */
  async write(store: Store, { keys, letter, size }: Part): Promise<void> {
    for (;;) for (const key of keys) await store.write(key, letter.repeat(size));
  },
  /** Publishes copies of a file over and over, until it is killed. */
  async put(store: Store, { keys, file = '' }: Part): Promise<void> {
    for (let i = 0; ; i++) {
      for (const key of keys) {
        copyFileSync(file, `${file}-${process.pid}`);
        await store.putFile(`${key}/${i}`, `${file}-${process.pid}`);
      }
    }
  },
  /** Publishes a file over and over, until it is killed. */
  async send(store: Store, { keys, file = '' }: Part): Promise<void> {
    for (;;) for (const key of keys) await store.putFile(key, file);
  },
  /** Brings a file up and down again; the most memory that this process ever had, in MiB. */
  async peak(store: Store, { keys, file = '' }: Part): Promise<number> {
    for (const key of keys) {
      await store.putFile(key, file);
      await store.getFile(key, `${file}-down`);
    }
    return process.resourceUsage().maxRSS / 1024;
  },
  /** Tries everything that writes; the codes of the errors. */
  async fail(store: Store, { keys, letter, size, file = '' }: Part): Promise<string[]> {
    const body = letter.repeat(size);
    const attempts = keys.flatMap((key) => [
      () => store.write(key, body),
      () => store.create(key, body),
      () => store.putFile(key, file),
    ]);
    const outcomes: string[] = [];
    for (const attempt of attempts) outcomes.push(await attempt().then(String, codeOf));
    for await (const page of store.list('')) outcomes.push(...page.map(({ key }) => key));
    return outcomes;
  },
};

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? messageOf(error);
}

if (import.meta.main) {
  const part = JSON.parse(process.argv[2] ?? '') as Part;
  const store = await reopen(part.url, part.opening ?? {});
  // Whatever is loaded lazily is loaded before the race.
  await store.head('warm-up');
  process.stdout.write('ready\n');
  await once(process.stdin, 'data');
  process.stdout.write(`${JSON.stringify(await ROLES[part.role](store, part))}\n`);
  process.stdin.destroy();
}
