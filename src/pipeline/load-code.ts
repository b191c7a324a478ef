import { registerHooks } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isPipeline, type Pipeline } from './pipeline.ts';
import { lendPackage } from './this-package.ts';

/** The module in a folder of code that exports the pipeline, and where its declared files lie below the folder. */
export const CODE_FILE = 'pipeline.mjs';

/** A user's pipeline as it was when a run was planned. */
export interface LoadedCode {
  pipeline: Pipeline;
  /** Absolute: where the code lies. */
  folder: string;
  /** Absolute: the folder to which names of declared files are relative. */
  home: string;
}

/** Imports the code of a run from the folder in which it was unpacked; see `deploy/user-code.ts`, which makes it. */
export async function loadCode(folder: string): Promise<LoadedCode> {
  const hooks = registerHooks({ resolve: lendPackage });
  try {
    const module = (await import(pathToFileURL(join(folder, CODE_FILE)).href)) as { default?: unknown; home?: unknown };
    const { default: pipeline, home } = module;
    if (!isPipeline(pipeline) || typeof home !== 'string') throw new TypeError(`${folder} holds no code of a run`);
    return { pipeline, folder, home: resolve(folder, home) };
  } finally {
    hooks.deregister();
  }
}
