import pLimit from 'p-limit';
import { PipelineError } from '../errors.ts';
import type { Located } from '../store/locate.ts';
import type { ObjectInfo, Store } from '../store/store.ts';

type Locate = (location: string) => Promise<Located>;

/** Tells of one file; `undefined` where there is none. */
export type LookUp = (location: string) => Promise<ObjectInfo | undefined>;

/** From so many files of one folder on a listing, of 1,000 objects a page, is cheaper than a look at each. */
const WORTH_LISTING = 100;
/** Pages that may bring nothing before a listing is given up: what is looked for may be few among many. */
const PAGES_FOR_NOTHING = 2;
const PARALLEL_LISTINGS = 4;
/** Who may read a bucket's objects need not be allowed to list them; what a wrong name is, a look at the file tells. */
const UNLISTABLE = ['store-denied', 'store-key-invalid'];

/**
 * Looks at many files at once: those that share a prefix of a bucket by listing that, so that 10,000 of them cost ten
 * requests, and whatever is then still unknown one by one when it is asked for.
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

/** What is wrong with a location is told when it is looked at. */
async function locateRemote(locations: readonly string[], locate: Locate): Promise<Located[]> {
  const remote = locations.filter((location) => location.startsWith('s3://'));
  const found = await Promise.allSettled(remote.map(locate));
  return found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/**
 * Folders (with `/` at the end) that hold many of these keys, and the folder above all of those that lie in folders of
 * few, as one per sample, if there are many such.
 */
export function sharedPrefixes(keys: readonly string[]): string[] {
  const folders = [...Map.groupBy(keys, (key) => key.slice(0, key.lastIndexOf('/') + 1))];
  const prefixes = folders.filter(([, { length }]) => length >= WORTH_LISTING).map(([folder]) => folder);
  const others = folders.flatMap(([, members]) => (members.length < WORTH_LISTING ? members : []));
  return others.length < WORTH_LISTING ? prefixes : [...prefixes, folderAbove(others)];
}

/** The lowest folder that all of them lie in. */
function folderAbove(keys: readonly string[]): string {
  const sorted = keys.toSorted();
  const [first = '', last = ''] = [sorted[0], sorted.at(-1)];
  let length = 0;
  while (length < first.length && first[length] === last[length]) length += 1;
  return first.slice(0, first.slice(0, length).lastIndexOf('/') + 1);
}

/** Goes on while the pages bring enough. */
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
