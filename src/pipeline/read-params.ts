import { closest } from 'fastest-levenshtein';
import { PipelineError, throwAll } from '../errors.ts';
import type { Pipeline } from './pipeline.ts';

/** A param as given: text from the command line, or a value from a params file. */
export interface GivenParam {
  name: string;
  value: unknown;
  /** `-p`, `params.yaml`. */
  where: string;
}

/**
 * Checks the given params against the pipeline's schemas and fills in the defaults.
 * @throws PipelineErrors naming every unknown param (with the nearest name) and every value of a wrong type.
 */
export function readParams(pipeline: Pipeline, given: readonly GivenParam[]): Record<string, unknown> {
  const errors: PipelineError[] = [];
  const known = Object.keys(pipeline.params);
  for (const { name, where } of given) if (!known.includes(name)) errors.push(unknownParam(name, known, where));
  const values = Object.entries(pipeline.params).map(([name, { schema }]) => {
    const last = given.findLast((param) => param.name === name);
    const result = parseValue(schema, last?.value);
    if (!result.success) errors.push(badValue(name, last, result.error.issues[0]?.message ?? 'wrong value'));
    return [name, result.data];
  });
  throwAll(errors);
  return Object.fromEntries(values);
}

/** Text from a command line may mean a number or a boolean: it is tried as it stands, then as JSON, whose fault is the one to tell. */
function parseValue(schema: Pipeline['params'][string]['schema'], value: unknown): ReturnType<typeof schema.safeParse> {
  const plain = schema.safeParse(value);
  if (plain.success || typeof value !== 'string') return plain;
  try {
    return schema.safeParse(JSON.parse(value));
  } catch {
    return plain;
  }
}

function unknownParam(name: string, known: readonly string[], where: string): PipelineError {
  return new PipelineError({
    code: 'param-unknown',
    message: `There is no param "${name}"`,
    where,
    hint:
      known.length === 0
        ? 'This pipeline has no params.'
        : `Did you mean "${closest(name, [...known])}"? Params: ${known.join(', ')}.`,
  });
}

function badValue(name: string, given: GivenParam | undefined, issue: string): PipelineError {
  return new PipelineError({
    code: 'param-invalid',
    message: given
      ? `Param "${name}" cannot be ${JSON.stringify(given.value)}: ${issue}`
      : `Param "${name}" must be given: ${issue}`,
    where: given?.where ?? '-p',
    hint: `Write -p ${name}=VALUE.`,
  });
}
