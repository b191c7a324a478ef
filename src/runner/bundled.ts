import { fileURLToPath } from 'node:url';
import { loadCode } from '../pipeline/load-code.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { startRunner } from './runner.ts';

/** The runner in a bundle: it runs the one pipeline that it came with, wherever that lay when the run was planned. */
export function runBundled(pipeline: Pipeline): void {
  startRunner(async () => ({ pipeline, home: '/' }));
}

/** The same for a user's pipeline, which lies unpacked beside the runner. */
export function runBundledCode(folder: URL): void {
  startRunner(async () => loadCode(fileURLToPath(folder)));
}
