import { PipelineError, throwAll } from '../errors.ts';
import { takesAnyText } from './cell-value.ts';
import type { Param, ReferenceFile, SampleFile, SampleValue, UnknownName } from './inputs.ts';
import { plainInputs, type Step } from './step.ts';
import { resourceProblems } from './resources.ts';
import { stepPlace } from './step-origin.ts';

export interface PipelineSpec {
  /** Letters, digits and `-`; part of every key in the store. */
  name: string;
  description: string;
  /** From `defineSamples`. */
  samples: Readonly<Record<string, SampleFile | SampleValue<unknown>>>;
  /** From `defineReferences`. */
  references?: Readonly<Record<string, ReferenceFile>>;
  /** From `defineParams`. */
  params?: Readonly<Record<string, Param<unknown>>>;
  /** In any order; the inputs decide which waits for which. */
  steps: readonly Step[];
}

/** A checked pipeline: steps in an order in which every one follows those it needs. */
export interface Pipeline extends Required<PipelineSpec> {
  readonly kind: 'batch-pipeline/1';
}

const NAME = /^[A-Za-z][A-Za-z0-9-]{0,31}$/;
const NAME_RULE = 'Use letters, digits and "-", starting with a letter, at most 32.';

/** @throws PipelineError for a name that cannot be part of keys and job names. */
export function checkName(name: string, where: string): void {
  if (!NAME.test(name)) throw pipelineError(`"${name}" is not a valid name`, where, NAME_RULE);
}

/**
 * Checks a pipeline: names, inputs that no step or sheet provides, cycles, resources.
 * @throws PipelineError (or PipelineErrors) naming the step and what to change.
 */
export function definePipeline(spec: PipelineSpec): Pipeline {
  const unusable = spec.steps.flatMap(handleErrors);
  const others = unusable.length > 0 ? [] : spec.steps.flatMap((step) => stepErrors(spec, step));
  throwAll([...nameErrors(spec), ...schemaErrors(spec), ...unusable, ...others]);
  return {
    kind: 'batch-pipeline/1',
    name: spec.name,
    description: spec.description,
    // Copies, which have only the names that exist.
    samples: { ...spec.samples },
    references: { ...spec.references },
    params: { ...spec.params },
    steps: inOrder(spec.steps),
  };
}

/** True for what `definePipeline` returned, also from another copy of this package. */
export function isPipeline(value: unknown): value is Pipeline {
  return (value as { kind?: unknown } | null)?.kind === 'batch-pipeline/1';
}

/** Names of the steps whose outputs this step uses. */
export function upstreamSteps(step: Step): string[] {
  const names = plainInputs(step).flatMap((input) => ('step' in input ? [input.step] : []));
  return [...new Set(names)];
}

/** True for a cohort step that collects: it runs once the sample steps have finished. */
export function isGather(step: Step): boolean {
  return plainInputs(step).some((input) => input.kind === 'collected');
}

function pipelineError(message: string, where?: string, hint?: string): PipelineError {
  return new PipelineError({
    code: 'pipeline-invalid',
    message,
    ...(where === undefined ? {} : { where }),
    ...(hint === undefined ? {} : { hint }),
  });
}

function nameErrors(spec: PipelineSpec): PipelineError[] {
  const names = spec.steps.map((step) => step.name);
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  return [
    ...[spec.name, ...names]
      .filter((name) => !NAME.test(name))
      .map((name) => pipelineError(`"${name}" is not a valid name`, undefined, NAME_RULE)),
    ...twice.map((name) => pipelineError(`Two steps are called "${name}"`)),
    ...(names.length === 0 ? [pipelineError(`Pipeline "${spec.name}" has no steps`)] : []),
  ];
}

function schemaErrors({ samples, params }: PipelineSpec): PipelineError[] {
  const values = Object.entries(samples).flatMap(([name, input]) =>
    input.kind === 'sample-value' ? [{ name, ...input }] : [],
  );
  return [...values, ...Object.values(params ?? {})]
    .filter(({ schema }) => takesAnyText(schema))
    .map(({ name }) =>
      pipelineError(
        'z.coerce.boolean() takes any text for true, "false" too',
        name,
        'Write z.boolean(): it reads true and false.',
      ),
    );
}

/** Kinds of what `inputs` of a step can hold. */
const INPUT_KINDS = ['sample-file', 'sample-value', 'reference', 'output', 'first-of', 'collected'];

/** Inputs and params of a step that are not what they should be, such as a name that does not exist. */
function handleErrors(step: Step): PipelineError[] {
  const inputs = Object.entries(step.inputs).flatMap(([name, input]) => {
    const parts = input?.kind === 'first-of' ? input.choices : [input];
    return parts.flatMap((part) => handleError(step, `input ${name}`, part, INPUT_KINDS));
  });
  const params = Object.entries(step.params).flatMap(([name, param]) =>
    handleError(step, `param ${name}`, param, ['param']),
  );
  return [...inputs, ...params];
}

function handleError(step: Step, role: string, value: unknown, kinds: readonly string[]): PipelineError[] {
  const handle = value as { kind?: string } | UnknownName | null | undefined;
  if (kinds.includes(handle?.kind ?? '')) return [];
  const unknown = handle?.kind === 'unknown' ? (handle as UnknownName) : undefined;
  const where = [unknown?.place ?? stepPlace(step.name, step), `step ${step.name}`, role].filter(Boolean).join(', ');
  if (unknown) return [pipelineError(unknown.message, where, unknown.hint)];
  const what = handle === undefined ? 'undefined' : `of type ${handle?.kind ?? typeof handle}`;
  return [pipelineError(`This is ${what}, not ${kinds.length > 1 ? 'an input' : 'a param'}`, where, HANDLE_HINT)];
}

const HANDLE_HINT =
  'Inputs are columns (samples.x), references.x, outputs of other steps (step.outputs.x), firstOf(…) and collect(…); params are params.x.';

function stepErrors(spec: PipelineSpec, step: Step): PipelineError[] {
  const where = [stepPlace(step.name, step), `step ${step.name}`].filter(Boolean).join(', ');
  return [
    ...inputErrors(spec, step, where),
    ...outputErrors(step, where),
    ...intermediateErrors(spec, step, where),
    // What a function gives is looked at when it is asked.
    ...(typeof step.resources === 'function' ? [] : resourceProblems(step.resources)).map(({ message, hint }) =>
      pipelineError(message, where, hint),
    ),
  ];
}

/**
 * A gather reads everything it collects again for each new sample; and outputs that no step reads are the user's
 * results.
 */
function intermediateErrors(
  { steps }: PipelineSpec,
  { name, intermediate, scope }: Step,
  where: string,
): PipelineError[] {
  const readers = steps.filter((step) => upstreamSteps(step).includes(name));
  const fits = scope === 'sample' && readers.length > 0 && readers.every((step) => step.scope === 'sample');
  if (!intermediate || fits) return [];
  return [pipelineError('Only a sample step that sample steps alone read can be intermediate', where)];
}

function inputErrors(spec: PipelineSpec, step: Step, where: string): PipelineError[] {
  const byName = new Map(spec.steps.map((other) => [other.name, other]));
  return plainInputs(step).flatMap((input) => {
    if (input.kind === 'sample-file') {
      return Object.hasOwn(spec.samples, input.column)
        ? []
        : [pipelineError(`Column "${input.column}" is not among the pipeline's samples`, where)];
    }
    if (input.kind === 'reference') {
      return Object.hasOwn(spec.references ?? {}, input.name)
        ? []
        : [pipelineError(`Reference "${input.name}" is not among the pipeline's references`, where)];
    }
    const source = byName.get(input.step);
    if (!source) return [pipelineError(`Step "${input.step}" is not part of the pipeline`, where, 'Add it to steps.')];
    if (!source.outputSpecs[input.output])
      return [pipelineError(`Step "${input.step}" has no output "${input.output}"`, where)];
    if (input.kind === 'collected' && step.scope === 'sample')
      return [pipelineError('Only a cohort step can collect', where)];
    if (input.kind === 'output' && step.scope === 'cohort' && source.scope === 'sample') {
      return [pipelineError(`A cohort step must collect() the output of sample step "${input.step}"`, where)];
    }
    return [];
  });
}

function outputErrors(step: Step, where: string): PipelineError[] {
  const files = Object.values(step.outputSpecs).map(({ file }) => file);
  return [
    ...files
      .filter((file, i) => files.indexOf(file) !== i)
      .map((file) => pipelineError(`Two outputs are called "${file}"`, where)),
    ...files
      .filter((file) => !/^[\w{}.-]+$/.test(file) || file.startsWith('.'))
      .map((file) =>
        pipelineError(
          `Output "${file}" is not a plain file name`,
          where,
          'Use letters, digits, ".", "_", "-" and {sample}.',
        ),
      ),
    ...(files.length === 0 ? [pipelineError('A step needs at least one output', where)] : []),
  ];
}

/** Depth-first topological order that keeps the given order where it can. */
function inOrder(steps: readonly Step[]): Step[] {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const done = new Set<string>();
  const ordered: Step[] = [];
  const visit = (step: Step, path: readonly string[]): void => {
    if (done.has(step.name)) return;
    if (path.includes(step.name)) {
      throw pipelineError(
        `Steps wait for each other: ${[...path.slice(path.indexOf(step.name)), step.name].join(' -> ')}`,
      );
    }
    for (const name of upstreamSteps(step)) visit(byName.get(name) as Step, [...path, step.name]);
    done.add(step.name);
    ordered.push(step);
  };
  for (const step of steps) visit(step, []);
  return ordered;
}
