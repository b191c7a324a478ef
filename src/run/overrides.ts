import { closest } from 'fastest-levenshtein';
import { PipelineError } from '../errors.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { parseDuration, parseSize, type TaskResources } from '../pipeline/resources.ts';

/** `--set align.memory=8GB`: what a step may be given instead of what it asks for; 0 is no amount. */
const SETTINGS: Readonly<Record<string, (text: string) => Partial<TaskResources>>> = {
  cpus: (text) => ({ cpus: /^[1-9]\d*$/.test(text) ? Number(text) : 0 }),
  memory: (text) => ({ memoryMiB: parseSize(text) ?? 0 }),
  scratch: (text) => ({ scratchMiB: parseSize(text) ?? 0 }),
  time: (text) => ({ timeLimitSeconds: parseDuration(text) ?? 0 }),
};

/**
 * What the user's `--set STEP.NAME=VALUE`s give, by step.
 * @throws PipelineError for an unknown step or setting (with the nearest), or a value that is none.
 */
export function resourceOverrides(
  { steps }: Pipeline,
  settings: readonly string[],
): Record<string, Partial<TaskResources>> {
  const names = steps.map(({ name }) => name);
  const overrides: Record<string, Partial<TaskResources>> = {};
  for (const setting of settings) {
    const [isSetting, step = '', name = '', value = ''] = /^([^.=]+)\.([^=]+)=(.*)$/.exec(setting) ?? [];
    if (isSetting === undefined)
      throw bad(setting, `"${setting}" is not STEP.NAME=VALUE`, 'Write it as align.memory=8GB.');
    if (!names.includes(step)) throw bad(setting, `There is no step "${step}"`, nearest(step, names));
    const read = SETTINGS[name];
    if (!read) throw bad(setting, `A step has no "${name}"`, nearest(name, Object.keys(SETTINGS)));
    const given = read(value);
    if (Object.values(given).includes(0))
      throw bad(setting, `"${value}" is not a value for ${name}`, 'Write cpus=2, memory=8GB, scratch=50GB or time=4h.');
    if (Object.keys(given).some((key) => key in (overrides[step] ?? {})))
      throw bad(setting, `The ${name} of step ${step} is set twice`, 'Omit one of them.');
    overrides[step] = { ...overrides[step], ...given };
  }
  return overrides;
}

function nearest(name: string, known: string[]): string {
  return `Did you mean "${closest(name, known)}"?`;
}

function bad(setting: string, message: string, hint: string): PipelineError {
  return new PipelineError({ code: 'setting-invalid', message, where: `--set ${setting}`, hint });
}
