import type { z } from 'zod';
import { messageOf, PipelineError } from '../errors.ts';
import type { SampleValue } from './inputs.ts';

/** What a schema makes of a cell: a value, or why it cannot be one. */
export type CellResult = { value: unknown } | { issue: string };

/**
 * The value of a cell of the sample sheet: as it stands if the schema takes text, else as JSON, so that `5` is a number
 * and `true` a boolean. Of an empty cell, or a column that the sheet does not have: the schema's default, or `undefined`.
 */
export function readCell(schema: z.ZodType, cell: string | undefined): CellResult {
  if (cell === undefined) return takesAbsence(schema) ? ofAbsence(schema) : { value: undefined };
  const plain = tryValue(schema, cell);
  if ('value' in plain) return plain;
  const parsed = parsedJson(cell);
  const asJson = parsed === undefined ? plain : tryValue(schema, parsed);
  // Code that expects text throws at anything else: then its error for the text is the reason.
  return 'thrown' in asJson ? { issue: plain.issue } : asJson;
}

function ofAbsence(schema: z.ZodType): CellResult {
  const result = tryValue(schema, undefined);
  return 'thrown' in result ? { issue: result.issue } : { value: 'value' in result ? result.value : undefined };
}

/** What a schema makes of a value; its own code may throw. */
function tryValue(schema: z.ZodType, value: unknown): { value: unknown } | { issue: string; thrown?: true } {
  try {
    const { success, data, error } = schema.safeParse(value);
    return success ? { value: data } : { issue: error.issues[0]?.message ?? 'wrong value' };
  } catch (error) {
    return { issue: messageOf(error), thrown: true };
  }
}

/**
 * What a cell counts as in task keys: its text where that is what `run` receives, and none where there is nothing; else
 * the text and the value.
 * @throws PipelineError `sample-value` for a value that cannot be compared with another, such as a function
 */
export function cellIdentity(
  { schema, column }: Pick<SampleValue<unknown>, 'schema' | 'column'>,
  cell: string | undefined,
): string {
  const result = readCell(schema, cell);
  const value = 'value' in result ? result.value : undefined;
  if (value === cell) return cell ?? '';
  const text = textOf(value, []);
  if (text !== undefined) return `${cell ?? ''}\0${text}`;
  throw new PipelineError({
    code: 'sample-value',
    message: `The schema of column ${column} makes a value that cannot be compared with another one`,
    where: column,
    hint: 'Make it return plain data: text, numbers, lists, objects, dates, maps or sets.',
  });
}

/**
 * Different values have different texts; those that JSON can express have their JSON. `undefined` for what cannot be
 * compared: functions, symbols, cycles, and objects of classes that hide what they hold.
 * @param around the objects that hold it
 */
function textOf(value: unknown, around: readonly object[]): string | undefined {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null || value instanceof RegExp) return String(value);
  if (around.includes(value)) return undefined;
  const list = (values: Iterable<unknown>) => joined(Array.from(values, (one) => textOf(one, [...around, value])));
  if (Array.isArray(value)) return wrapped('[', list(value), ']');
  if (value instanceof Map) return wrapped('Map[', list(value), ']');
  if (value instanceof Set) return wrapped('Set[', list(value), ']');
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto === Object.prototype || proto === null) {
    const fields = Object.entries(value).map(([name, one]) => {
      return wrapped(`${JSON.stringify(name)}:`, textOf(one, [...around, value]), '');
    });
    return wrapped('{', joined(fields), '}');
  }
  // Dates, URLs, bytes in a Buffer.
  if (!('toJSON' in value) || typeof value.toJSON !== 'function') return undefined;
  return wrapped(`${value.constructor.name}(`, list([value.toJSON()]), ')');
}

function joined(texts: readonly (string | undefined)[]): string | undefined {
  return texts.includes(undefined) ? undefined : texts.join(',');
}

function wrapped(before: string, text: string | undefined, after: string): string | undefined {
  return text === undefined ? undefined : before + text + after;
}

/** True for `z.coerce.boolean()`, which takes any text for true, `false` too. */
export function takesAnyText(schema: z.ZodType): boolean {
  const { type, coerce, inner } = unwrap(schema);
  return (type === 'boolean' && coerce === true) || (inner !== undefined && takesAnyText(inner));
}

/** A schema that makes text of anything would make text of nothing, too. */
function takesAbsence(schema: z.ZodType): boolean {
  const { type = '', inner } = unwrap(schema);
  if (['default', 'prefault', 'catch', 'optional'].includes(type)) return true;
  return inner !== undefined && type !== 'nonoptional' && takesAbsence(inner);
}

/** A schema, and the one that it is built around, which a value meets first. */
function unwrap(schema: z.ZodType): { type?: string; coerce?: boolean; inner?: z.ZodType | undefined } {
  const def = schema.def as { type?: string; coerce?: boolean; innerType?: z.ZodType; in?: z.ZodType };
  return { ...def, inner: def.innerType ?? def.in };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
