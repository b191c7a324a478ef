import { fileURLToPath } from 'node:url';
import { loadCode } from '../pipeline/load-code.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { startRunner } from './runner.ts';

/** The runner in a bundle, with the built-in pipelines by name: it runs the one that the run was planned with. */
export function runBundled(pipelines: Readonly<Record<string, () => Promise<{ default: Pipeline }>>>): void {
  startRunner(async ({ pipelineSource }) => {
    const load = pipelines[pipelineSource.replace(/^builtin:/, '')];
    if (!load) throw new TypeError(`The bundle does not hold pipeline ${pipelineSource}`);
    return { pipeline: (await load()).default, home: '/' };
  });
}

/** The same for a user's pipeline, which lies unpacked beside the runner. */
export function runBundledCode(folder: URL): void {
  startRunner(async () => loadCode(fileURLToPath(folder)));
}
