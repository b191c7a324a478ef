import pLimit from 'p-limit';
import type { Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import type { ResultFile } from './results.ts';

const PARALLEL_LOOKS = 32;

/** Sorts out the files of intermediate steps that are gone: `gc` and the bucket's own rules remove them. */
export async function presentResults(
  store: Store,
  { steps }: Pick<Manifest, 'steps'>,
  files: readonly ResultFile[],
): Promise<{ present: ResultFile[]; gone: ResultFile[] }> {
  const limit = pLimit(PARALLEL_LOOKS);
  const intermediate = new Set(steps.flatMap(({ name, intermediate: is }) => (is ? [name] : [])));
  const looked = await Promise.all(
    files.map(async (file) => {
      const there = !intermediate.has(file.step) || (await limit(() => store.head(file.location))) !== undefined;
      return { file, there };
    }),
  );
  const those = (wanted: boolean) => looked.filter(({ there }) => there === wanted).map(({ file }) => file);
  return { present: those(true), gone: those(false) };
}
