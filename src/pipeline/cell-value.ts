import type { z } from 'zod';

/** What a schema makes of a cell: a value, or why it cannot be one. */
export type CellResult = { value: unknown } | { issue: string };

/**
 * The value of a cell of the sample sheet: as it stands if the schema takes text, else as JSON, so that `5` is a number
 * and `true` a boolean. Of an empty cell, or a column that the sheet does not have: the schema's default, or `undefined`.
 */
export function readCell(schema: z.ZodType, cell: string | undefined): CellResult {
  if (cell === undefined) return { value: takesAbsence(schema) ? schema.safeParse(undefined).data : undefined };
  const plain = schema.safeParse(cell);
  if (plain.success) return { value: plain.data };
  const parsed = parsedJson(cell);
  const asJson = parsed === undefined ? plain : schema.safeParse(parsed);
  if (asJson.success) return { value: asJson.data };
  return { issue: asJson.error.issues[0]?.message ?? 'wrong value' };
}

/**
 * What a cell counts as in task keys: its text where that is what `run` receives, and none where there is nothing; else
 * the text and the value.
 */
export function cellIdentity(schema: z.ZodType, cell: string | undefined): string {
  const result = readCell(schema, cell);
  const value = 'value' in result ? result.value : undefined;
  if (value === cell) return cell ?? '';
  return `${cell ?? ''}\0${typeof value === 'bigint' ? String(value) : JSON.stringify(value)}`;
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
