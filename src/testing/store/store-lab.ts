import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../store/store.ts';
import { type Opening, reopen } from './reopen.ts';
import { startProcess, type StoreProcess } from './start-process.ts';
import type { Part } from './store-process.ts';

/** What the contract needs to know of a kind of store. */
export interface StoreHarness extends Opening {
  /**
   * An empty store, another one with every call. `folder` exists for this store, and is removed with all that is in it:
   * a store on this machine's disk can be in it.
   */
  open(folder: string): Promise<Store>;
}

/** A promise of every store. */
export interface StorePromise {
  name: string;
  holds: (lab: StoreLab) => Promise<void>;
}

/** An empty store, and a folder for local files on this machine. */
export interface StoreLab {
  store: Store;
  scratch: string;
  /** Writes a local file; returns its path. */
  file: (content: string | Uint8Array, name?: string) => string;
  /** Names in the folder, sorted: what a transfer left beside its target. */
  leftovers: () => string[];
  /** The same store, opened again by its URL. */
  again: () => Promise<Store>;
  /** A process with the same store; killed at the end unless it has ended. */
  start: (part: Play) => Promise<StoreProcess>;
  /** Lets all of these play at once, in a process each; returns their results. */
  race: <T>(parts: readonly Play[]) => Promise<T[]>;
  close: () => Promise<void>;
}

type Play = Pick<Part, 'role' | 'keys'> & Partial<Part>;

export function openStoreLab(store: Store, scratch: string, opening: Opening): StoreLab {
  const started: Promise<StoreProcess>[] = [];
  const start = (part: Play): Promise<StoreProcess> => {
    const { module, options } = opening;
    const process = startProcess({ letter: '', size: 0, ...part, url: store.url, opening: { module, options } });
    started.push(process);
    return process;
  };
  return {
    store,
    scratch,
    file(content, name = 'file') {
      writeFileSync(join(scratch, name), content);
      return join(scratch, name);
    },
    leftovers: () => readdirSync(scratch).toSorted(),
    again: () => reopen(store.url, opening),
    start,
    async race<T>(parts: readonly Play[]) {
      const processes = await Promise.all(parts.map(start));
      return Promise.all(processes.map((each) => each.go<T>()));
    },
    async close() {
      await Promise.allSettled(started.map(async (each) => (await each).kill()));
    },
  };
}
