import { bundleFetchAndRun } from '../images/base/bundle.ts';
import { ensureBuilt } from '../scripts/ensure-built.ts';

/** Before the first test of a run: the command, and what stands for the images' entrypoint where jobs are processes. */
export async function setup(): Promise<void> {
  ensureBuilt();
  await bundleFetchAndRun();
}
