import { realpathSync } from 'node:fs';
import { PipelineError, PipelineErrors } from '../errors.ts';
import { type LoadedPipeline, loadPipeline } from '../pipeline/load-pipeline.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { NO_SIZES, taskResources } from '../pipeline/resources.ts';
import { plainInputs } from '../pipeline/step.ts';
import { checkTypes, type TypesChecked } from './check-types.ts';

/** What a pipeline's definition tells by itself, without samples and without a store. */
export interface PipelineCheck {
  /** `undefined` where the definition is not usable. */
  pipeline: Pipeline | undefined;
  types: TypesChecked;
  /** In the order of the definition, then of the types. */
  errors: readonly PipelineError[];
  warnings: readonly string[];
}

/**
 * Loads a definition and collects everything that is wrong with it.
 * @param nameOrPath as of `plan`
 * @throws PipelineError `pipeline-not-found`
 */
export async function checkPipeline(nameOrPath: string): Promise<PipelineCheck> {
  const errors: PipelineError[] = [];
  const loaded = await collected(errors, () => loadPipeline(nameOrPath));
  if (loaded) {
    await collected(errors, () => loaded.identities());
    for (const step of loaded.pipeline.steps) await collected(errors, async () => taskResources(step, NO_SIZES));
  }
  const { types, errors: typeErrors } = await typesOf(nameOrPath, loaded);
  const places = new Set(errors.map(({ where }) => where?.split(',')[0]));
  return {
    pipeline: loaded?.pipeline,
    types,
    // What the definition itself reports, it reports with step and input.
    errors: [...errors, ...typeErrors.filter(({ where }) => !places.has(where))],
    warnings: loaded ? unused(loaded.pipeline) : [],
  };
}

async function collected<T>(errors: PipelineError[], find: () => Promise<T>): Promise<T | undefined> {
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code === 'pipeline-not-found') throw error;
    errors.push(...(error instanceof PipelineErrors ? error.errors : [error]));
    return undefined;
  }
}

async function typesOf(nameOrPath: string, loaded: LoadedPipeline | undefined): ReturnType<typeof checkTypes> {
  if (loaded?.source.startsWith('builtin:')) return { types: { checked: false, reason: 'it is built in' }, errors: [] };
  const file = realpathSync(nameOrPath);
  if (file.endsWith('.ts')) return checkTypes(file);
  return { types: { checked: false, reason: 'it is not a TypeScript file' }, errors: [] };
}

/** Declared names that no step uses. A function for resources may read the size of any file. */
function unused({ samples, references, params, steps }: Pipeline): string[] {
  const inputs = steps.flatMap((step) => [...plainInputs(step), ...Object.values(step.inputs)]);
  const used = new Set<unknown>([...inputs, ...steps.flatMap((step) => Object.values(step.params))]);
  const sized = steps.some(({ resources }) => typeof resources === 'function');
  const declared = [
    ...Object.entries(samples).map(([name, handle]) => ({ what: 'sample column', name, handle })),
    ...Object.entries(references).map(([name, handle]) => ({ what: 'reference', name, handle })),
    ...Object.entries(params).map(([name, handle]) => ({ what: 'param', name, handle })),
  ];
  return declared
    .filter(({ handle }) => !used.has(handle) && !(sized && ['sample-file', 'reference'].includes(handle.kind)))
    .map(({ what, name }) => `No step uses the ${what} "${name}"`);
}
