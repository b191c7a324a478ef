import { closest } from 'fastest-levenshtein';
import type { z } from 'zod';
import { callersPlace } from './step-origin.ts';

/**
 * What a step can ask for. Each handle is made by a `define…` function and used as a value,
 * so that a name which does not exist does not compile.
 */

/** A column of the sample sheet that holds the location of a file (path or URL). */
export interface SampleFile {
  readonly kind: 'sample-file';
  readonly column: string;
  readonly description: string;
}

/** A column of the sample sheet that holds a value; `T` is what `run` receives. */
export interface SampleValue<T> {
  readonly kind: 'sample-value';
  readonly column: string;
  readonly schema: z.ZodType<T>;
}

/** A file shared by all samples, given by `--reference` or `--reference-file`. */
export interface ReferenceFile {
  readonly kind: 'reference';
  readonly name: string;
  readonly description: string;
}

/** A file that another step writes. */
export interface StepOutput {
  readonly kind: 'output';
  readonly step: string;
  readonly output: string;
}

/** The first of these that a sample has; the steps behind the others then do not run for that sample. */
export interface FirstOf {
  readonly kind: 'first-of';
  readonly choices: readonly (SampleFile | StepOutput)[];
}

/** For a cohort step: this output of every sample that succeeded. */
export interface Collected {
  readonly kind: 'collected';
  readonly step: string;
  readonly output: string;
}

/** A setting of the whole run, given by `-p name=value`. */
export interface Param<T> {
  readonly kind: 'param';
  readonly name: string;
  readonly schema: z.ZodType<T>;
}

/**
 * What a name that does not exist gives, such as `samples.tx`. Where types are not checked, it would otherwise be
 * `undefined`, of which no message could name the mistake. `definePipeline` refuses it.
 */
export interface UnknownName {
  readonly kind: 'unknown';
  /** `There is no sample column "tx"`. */
  readonly message: string;
  /** The closest name that exists, and all of them. */
  readonly hint: string;
  /** Where the name was used: `/home/me/pipeline.ts:8:26`. */
  readonly place: string | undefined;
}

/** The handles, of which any other name gives an `UnknownName`. */
export function withKnownNames<H extends object>(handles: H, what: string): H {
  return new Proxy(handles, {
    get: (target, name) =>
      typeof name === 'symbol' || name in target
        ? (Reflect.get(target, name) as unknown)
        : unknownName(name, what, Object.keys(target)),
  });
}

function unknownName(name: string, what: string, known: readonly string[]): UnknownName {
  const hint = known.length === 0 ? 'None is declared.' : `Did you mean "${closest(name, known)}"?`;
  const others = known.length > 1 ? ` Declared: ${known.join(', ')}.` : '';
  return { kind: 'unknown', message: `There is no ${what} "${name}"`, hint: hint + others, place: callersPlace() };
}

export type FileInput = SampleFile | ReferenceFile | StepOutput | FirstOf;
export type StepInput = FileInput | SampleValue<unknown> | Collected;

/** One sample's file in a collected input. */
export interface CollectedFile {
  sample: string;
  path: string;
}

/** What `run` receives for an input: a path, the collected paths, or the sample's value. */
export type ResolvedInput<I> =
  I extends SampleValue<infer T> ? T : I extends Collected ? readonly CollectedFile[] : string;

/** Chooses per sample: `firstOf(samples.fastq_1, toFastq.outputs.r1)`. */
export function firstOf(...choices: (SampleFile | StepOutput)[]): FirstOf {
  return { kind: 'first-of', choices };
}

/** Gathers an output of a sample step over the cohort: `collect(call.outputs.table)`. */
export function collect(output: StepOutput): Collected {
  // What is not an output stays as it is, for `definePipeline` to refuse.
  if ((output as StepOutput | undefined)?.kind !== 'output') return output as never;
  return { kind: 'collected', step: output.step, output: output.output };
}

type FileColumn = { file: string };
type ValueColumn = { value: z.ZodType };
type ColumnSpec = FileColumn | ValueColumn;
/** What `run` receives: `undefined` for an empty cell, unless the schema has a default. */
type CellValue<S extends z.ZodType> = S extends z.ZodDefault | z.ZodPrefault | z.ZodCatch
  ? z.output<S>
  : z.output<S> | undefined;
export type SampleColumns<C extends Record<string, ColumnSpec>> = {
  readonly [K in keyof C]: C[K] extends { value: infer S extends z.ZodType } ? SampleValue<CellValue<S>> : SampleFile;
};

/**
 * The columns of the sample sheet that this pipeline understands, besides `sample`: files, and values that `run` receives
 * as their schema makes them of the cells.
 * @example const samples = defineSamples({ bam: { file: 'Aligned reads' }, sex: { value: z.enum(['f', 'm']) } });
 */
export function defineSamples<const C extends Record<string, ColumnSpec>>(columns: C): SampleColumns<C> {
  const handles = Object.entries(columns).map(([column, spec]) => [
    column,
    'file' in spec
      ? ({ kind: 'sample-file', column, description: spec.file } satisfies SampleFile)
      : ({ kind: 'sample-value', column, schema: spec.value } satisfies SampleValue<unknown>),
  ]);
  return withKnownNames(Object.fromEntries(handles) as SampleColumns<C>, 'sample column');
}

/**
 * Files shared by all samples, with a description each.
 * @example const references = defineReferences({ fasta: 'cDNA FASTA, gzipped or not' });
 */
export function defineReferences<const R extends Record<string, string>>(
  references: R,
): { readonly [K in keyof R]: ReferenceFile } {
  const handles = Object.entries(references).map(([name, description]) => [
    name,
    { kind: 'reference', name, description } satisfies ReferenceFile,
  ]);
  return withKnownNames(Object.fromEntries(handles) as { readonly [K in keyof R]: ReferenceFile }, 'reference');
}

/**
 * The settings of a pipeline: a zod schema each, with `.default()` and `.describe()`.
 * @example const params = defineParams({ k: z.number().int().default(31).describe('k-mer length') });
 */
export function defineParams<const P extends Record<string, z.ZodType>>(
  params: P,
): { readonly [K in keyof P]: Param<z.output<P[K]>> } {
  const handles = Object.entries(params).map(([name, schema]) => [name, { kind: 'param', name, schema }]);
  return withKnownNames(Object.fromEntries(handles) as { readonly [K in keyof P]: Param<z.output<P[K]>> }, 'param');
}

export type ChosenInput = SampleFile | ReferenceFile | StepOutput | SampleValue<unknown> | Collected;

/**
 * What an input means for one sample: for a `firstOf` the first file column that the sample has, else the first
 * step output; otherwise the input itself. `undefined` if the sample has none of the choices.
 */
export function chooseInput(input: StepInput, hasFile: (column: string) => boolean): ChosenInput | undefined {
  if (input.kind !== 'first-of') return input;
  return input.choices.find((choice) => choice.kind === 'output' || hasFile(choice.column));
}
