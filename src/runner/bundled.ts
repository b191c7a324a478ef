import type { Pipeline } from '../pipeline/pipeline.ts';
import { startRunner } from './runner.ts';

/** The runner in a bundle: it runs the one pipeline that it came with, wherever that lay when the run was planned. */
export function runBundled(pipeline: Pipeline): void {
  startRunner(async () => pipeline);
}
