import pLimit from 'p-limit';
import { PipelineError } from '../errors.ts';
import type { Located } from '../store/open-store.ts';
import type { ObjectInfo, Store } from '../store/store.ts';

type Locate = (location: string) => Promise<Located>;

/** Looks up one file; `undefined` if it does not exist. */
export type LookUp = (location: string) => Promise<ObjectInfo | undefined>;

/** From this many files per folder on, a listing (1,000 objects per page) is cheaper than one request per file. */
const WORTH_LISTING = 100;
/** Pages without enough matches before a listing is abandoned: the wanted files may be few among many. */
const PAGES_FOR_NOTHING = 2;
const PARALLEL_LISTINGS = 4;
/**
 * Permission to read objects does not include listing them; an invalid name is reported when the file itself is looked
 * up.
 */
const UNLISTABLE = ['store-denied', 'store-key-invalid'];

/**
 * Looks up many files at once: files that share a bucket prefix through a listing, so that 10,000 of them cost ten
 * requests; the others one by one, on demand.
 */
export async function lookUpFiles(locations: readonly string[], locate: Locate): Promise<LookUp> {
  const known = new Map<string, ObjectInfo>();
  const remote = await locateRemote(locations, locate);
  const limit = pLimit(PARALLEL_LISTINGS);
  for (const [store, files] of Map.groupBy(remote, (located) => located.store)) {
    const keys = new Set(files.map(({ key }) => key));
    await Promise.all(
      sharedPrefixes([...keys]).map((prefix) =>
        limit(async () => {
          for (const info of await listWanted(store, prefix, keys)) known.set(`${store.url}/${info.key}`, info);
        }),
      ),
    );
  }
  return async (location) => {
    const { store, key } = await locate(location);
    return known.get(`${store.url}/${key}`) ?? store.head(key);
  };
}

/** A bad location is reported when it is looked up. */
async function locateRemote(locations: readonly string[], locate: Locate): Promise<Located[]> {
  const remote = locations.filter((location) => location.startsWith('s3://'));
  const found = await Promise.allSettled(remote.map(locate));
  return found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/**
 * Folders (ending in `/`) that hold many of these keys. If many keys lie in small folders, such as one per sample, also
 * the lowest folder above all of those.
 */
export function sharedPrefixes(keys: readonly string[]): string[] {
  const folders = [...Map.groupBy(keys, (key) => key.slice(0, key.lastIndexOf('/') + 1))];
  const prefixes = folders.filter(([, { length }]) => length >= WORTH_LISTING).map(([folder]) => folder);
  const others = folders.flatMap(([, members]) => (members.length < WORTH_LISTING ? members : []));
  return others.length < WORTH_LISTING ? prefixes : [...prefixes, folderAbove(others)];
}

/** The lowest folder that contains all of the keys. */
function folderAbove(keys: readonly string[]): string {
  const sorted = keys.toSorted();
  const [first = '', last = ''] = [sorted[0], sorted.at(-1)];
  let length = 0;
  while (length < first.length && first[length] === last[length]) length += 1;
  return first.slice(0, first.slice(0, length).lastIndexOf('/') + 1);
}

/** Lists as long as the pages yield enough matches. */
async function listWanted(store: Store, prefix: string, wanted: ReadonlySet<string>): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  let pages = 0;
  try {
    for await (const page of store.list(prefix)) {
      pages += 1;
      found.push(...page.filter(({ key }) => wanted.has(key)));
      if (found.length < WORTH_LISTING * (pages - PAGES_FOR_NOTHING) || found.length === wanted.size) break;
    }
  } catch (error) {
    if (!(error instanceof PipelineError && UNLISTABLE.includes(error.code))) throw error;
  }
  return found;
}
