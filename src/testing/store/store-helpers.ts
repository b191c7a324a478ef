import { createHash } from 'node:crypto';
import type { ObjectInfo, Store } from '../../store/store.ts';

export async function keysUnder(store: Store, prefix: string): Promise<string[]> {
  return (await objectsUnder(store, prefix)).map(({ key }) => key).sort();
}

async function objectsUnder(store: Store, prefix: string): Promise<ObjectInfo[]> {
  return (await Array.fromAsync(store.list(prefix))).flat();
}

/** Text of a small object; `undefined` if there is none. */
export async function textOf(store: Store, key: string): Promise<string | undefined> {
  const bytes = await store.read(key);
  return bytes && Buffer.from(bytes).toString();
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Runs `task` for every item, `width` at a time. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const item of queue) await task(item);
    }),
  );
}

/** Bytes that do not repeat, the same every time. */
export function noise(length: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  let word = 1;
  for (let i = 0; i < words.length; i++) {
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
    words[i] = word;
  }
  return Buffer.from(words.buffer, 0, length);
}
