import { closest } from 'fastest-levenshtein';
import { PipelineError } from '../errors.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { parseDuration, parseSize, type TaskResources, toTaskResources } from '../pipeline/resources.ts';

/** `--set kallisto.memory=8GB`: what a step may be given instead of what it declares. */
const SETTINGS: Readonly<Record<string, (text: string, resources: TaskResources) => TaskResources | undefined>> = {
  cpus: (text, resources) => (/^[1-9]\d*$/.test(text) ? { ...resources, cpus: Number(text) } : undefined),
  memory: (text, resources) => withNumber(parseSize(text), (memoryMiB) => ({ ...resources, memoryMiB })),
  scratch: (text, resources) => withNumber(parseSize(text), (scratchMiB) => ({ ...resources, scratchMiB })),
  time: (text, resources) =>
    withNumber(parseDuration(text), (timeLimitSeconds) => ({ ...resources, timeLimitSeconds })),
};

/**
 * Every step's resources after the user's `--set STEP.NAME=VALUE`s.
 * @throws PipelineError for an unknown step or setting (with the nearest), or a value that is none.
 */
export function stepResources(pipeline: Pipeline, settings: readonly string[]): Record<string, TaskResources> {
  const resources = Object.fromEntries(pipeline.steps.map((step) => [step.name, toTaskResources(step.resources)]));
  for (const setting of settings) {
    const [isSetting, step = '', name = '', value = ''] = /^([^.=]+)\.([^=]+)=(.*)$/.exec(setting) ?? [];
    if (isSetting === undefined)
      throw bad(setting, `"${setting}" is no STEP.NAME=VALUE`, 'Write it as kallisto.memory=8GB.');
    const before = resources[step];
    if (!before) throw bad(setting, `There is no step "${step}"`, nearest(step, Object.keys(resources)));
    const apply = SETTINGS[name];
    if (!apply) throw bad(setting, `A step has no "${name}"`, nearest(name, Object.keys(SETTINGS)));
    const after = apply(value, before);
    if (!after)
      throw bad(setting, `"${value}" is no value for ${name}`, 'Write cpus=2, memory=8GB, scratch=50GB or time=4h.');
    resources[step] = after;
  }
  return resources;
}

function withNumber<T>(number: number | undefined, make: (value: number) => T): T | undefined {
  return number === undefined || number === 0 ? undefined : make(number);
}

function nearest(name: string, known: string[]): string {
  return `Did you mean "${closest(name, known)}"?`;
}

function bad(setting: string, message: string, hint: string): PipelineError {
  return new PipelineError({ code: 'setting-invalid', message, where: `--set ${setting}`, hint });
}
