import type { FailureCause } from '../record/cause.ts';
import {
  type Collected,
  type FirstOf,
  type Param,
  type ReferenceFile,
  type ResolvedInput,
  type SampleFile,
  type StepInput,
  type StepOutput,
  withKnownNames,
} from './inputs.ts';
import type { Shell } from './shell.ts';
import type { StepResources } from './resources.ts';
import { noteOrigin } from './step-origin.ts';
import type { Tool } from './tool.ts';

/** A fact that a step measured: it is kept in the record and shown in reports. */
export type Metric = string | number;

/** Thrown by a step (or by its shell) to say why it failed, instead of the default `tool`. */
export class StepFailure extends Error {
  readonly reason: FailureCause;
  readonly hint: string | undefined;

  constructor(reason: FailureCause, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'StepFailure';
    this.reason = reason;
    this.hint = options.hint;
  }
}

/** The outcome of a sample in the steps before, for a cohort step that gathers. */
export interface CohortMember {
  sample: string;
  /** Per step that succeeded: its metrics and what it took. */
  steps: Readonly<
    Record<
      string,
      {
        metrics: Readonly<Record<string, Metric>>;
        wallSeconds: number;
        cpuSeconds: number;
        peakMemoryMiB: number | undefined;
      }
    >
  >;
  /** Why the sample is missing, where one of its steps did not succeed. */
  missing?: { step: string; cause: FailureCause | 'not-run'; message: string };
}

/** What `run` is handed: staged inputs, where to write, and how to call tools. */
export interface StepContext<
  Inputs,
  Params,
  Outputs,
  Files = Readonly<Record<string, string>>,
  ToolName extends string = never,
> {
  /** Name of the sample; `'cohort'` in a cohort step. */
  readonly sample: string;
  /** Paths of staged inputs (never write to them) and values of the sample. */
  readonly inputs: Inputs;
  readonly params: Params;
  /** Absolute paths, in the scratch folder, where the outputs must be when `run` ends. */
  readonly outputs: Outputs;
  /** Paths of the files that the step declares, by the names that it gives them (never write to them). */
  readonly files: Files;
  /** The scratch folder: the tools' working directory, removed afterwards. */
  readonly scratch: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly $: Shell;
  /** argv prefix of a tool that this step declared: `$`${tool('gatk')} MarkDuplicates …``. */
  readonly tool: (name: ToolName) => readonly string[];
  /** A line in the attempt's log. */
  readonly log: (line: string) => void;
  /** Keeps a fact in the record. */
  readonly metric: (name: string, value: Metric) => void;
  /** Keeps the comparison in the record; throws a `StepFailure('check')` if the two differ. */
  readonly check: (name: string, values: { expected: Metric; actual: Metric; hint?: string }) => void;
  /** Aborted on cancel, time limit or shutdown. */
  readonly signal: AbortSignal;
}

/** The context of a step that gathers: one of its inputs is made by `collect`. */
export interface GatherContext<
  Inputs,
  Params,
  Outputs,
  Files = Readonly<Record<string, string>>,
  ToolName extends string = never,
> extends StepContext<Inputs, Params, Outputs, Files, ToolName> {
  /** All samples of the run, in the order of the sample list, also those that are missing from the collected inputs. */
  readonly members: readonly CohortMember[];
}

/**
 * The context that a step's `run` receives, for functions that it is handed to.
 * @example async function align(context: ContextOf<typeof count>): Promise<void> { … }
 */
export type ContextOf<S extends { run(context: never): Promise<void> }> = Parameters<S['run']>[0];

type Inputs = Readonly<Record<string, StepInput>>;
type Params = Readonly<Record<string, Param<unknown>>>;
/** Output name to file name, or `{ file, optional }`; `{sample}` stands for the sample's name. */
type Outputs = Readonly<Record<string, string | { readonly file: string; readonly optional: true }>>;

type ResolvedParams<P> = { readonly [K in keyof P]: P[K] extends Param<infer T> ? T : never };
type ResolvedInputs<I> = { readonly [K in keyof I]: ResolvedInput<I[K]> };
type Texts<K extends PropertyKey> = { readonly [Name in K]: string };

/** The context of a step with these inputs, params, outputs, files and tools. */
type SpecContext<
  I extends Inputs,
  P extends Params,
  O extends Outputs,
  F extends readonly string[],
  T extends readonly Tool[],
> = [Extract<I[keyof I], Collected>] extends [never]
  ? StepContext<ResolvedInputs<I>, ResolvedParams<P>, Texts<keyof O>, Texts<F[number]>, T[number]['name']>
  : GatherContext<ResolvedInputs<I>, ResolvedParams<P>, Texts<keyof O>, Texts<F[number]>, T[number]['name']>;

/** What `defineStep` takes: `I`, `P`, `O`, `F` and `T` are the types of `inputs`, `params`, `outputs`, `files` and `tools`. */
export interface StepSpec<
  N extends string,
  I extends Inputs,
  P extends Params,
  O extends Outputs,
  F extends readonly string[] = readonly string[],
  T extends readonly Tool[] = readonly Tool[],
> {
  /** Letters, digits and `-`; at most 32 characters. */
  name: N;
  /** One line for `plan` and the docs. */
  description: string;
  /** `sample`: once per sample (default). `cohort`: once per run, before the sample steps or, if it collects, after them. */
  scope?: 'sample' | 'cohort';
  inputs: I;
  /** The params that `run` reads; others do not make it run again. */
  params?: P;
  outputs: O;
  /** Scripts, tables and other regular files that `run` reads, by paths relative to the pipeline's file; their content counts. */
  files?: F;
  /**
   * What a task needs: the same for all, or a pure function of the sizes of its inputs, which is asked when a run is
   * planned. `--set` goes before both.
   * @example resources: (sizes) => ({ ...usual, memory: sizes.of(samples.bam) > 8e9 ? '16 GB' : '4 GB' }),
   */
  resources: StepResources;
  /** The programs that `run` calls by `tool(name)`: their versions are part of the task's key. */
  tools?: T;
  /** Container image for engines that run images: a URI, or a folder with a Dockerfile. */
  image?: string;
  /** Tries for causes that may pass, such as a lost machine; default 3. A tool's error is never tried again. */
  attempts?: number;
  /** Only later sample steps need its outputs: `gc`, or the bucket's lifecycle rule, may remove them afterwards. */
  intermediate?: boolean;
  /**
   * Stands for the step's code in the task's key. Without it everything that `run` reaches decides, but for comments and
   * white space. With it, say a new version whenever the results may change.
   */
  version?: string;
  /** Performs the task: reads `inputs`, writes `outputs`. */
  run(this: void, context: SpecContext<I, P, O, F, T>): Promise<void>;
}

/** A step after `defineStep`, its types narrowed to what planner and runner need. */
export interface Step {
  readonly name: string;
  readonly description: string;
  readonly scope: 'sample' | 'cohort';
  readonly inputs: Inputs;
  readonly params: Params;
  readonly outputSpecs: Readonly<Record<string, { readonly file: string; readonly optional: boolean }>>;
  readonly files: readonly string[];
  readonly resources: StepResources;
  readonly tools: readonly Tool[];
  readonly image: string | undefined;
  readonly attempts: number;
  readonly intermediate: boolean;
  readonly version: string | undefined;
  /** Only the step itself knows the type of its context. */
  run(context: never): Promise<void>;
}

/** A step, with the handles by which other steps name its outputs (`O`), and the context (`C`) that its `run` receives. */
export interface DefinedStep<O, C = never> extends Step {
  readonly outputs: { readonly [K in keyof O]: StepOutput };
  run(this: void, context: C): Promise<void>;
}

/** Attempts of a task whose machine was lost, unless the step sets its own number. */
const DEFAULT_ATTEMPTS = 3;

/**
 * Describes one unit of work. The returned value's `outputs` are used as other steps' inputs.
 * @example
 * export const count = defineStep({
 *   name: 'count', description: 'Counts reads', inputs: { bam: samples.bam }, outputs: { table: '{sample}.tsv' },
 *   resources: { cpus: 1, memory: '1 GB', scratch: '1 GB', time: '1h' },
 *   async run({ inputs, outputs, $ }) { await $({ stdoutTo: outputs.table })`samtools flagstat ${inputs.bam}`; },
 * });
 */
export function defineStep<
  const N extends string,
  const I extends Inputs,
  const O extends Outputs,
  const P extends Params = Record<never, never>,
  const F extends readonly string[] = readonly [],
  const T extends readonly Tool[] = readonly [],
>(spec: StepSpec<N, I, P, O, F, T>): DefinedStep<O, SpecContext<I, P, O, F, T>> {
  const outputs = Object.keys(spec.outputs).map((output) => [output, { kind: 'output', step: spec.name, output }]);
  const outputSpecs = Object.entries(spec.outputs).map(([output, value]) => [
    output,
    typeof value === 'string' ? { file: value, optional: false } : value,
  ]);
  noteOrigin(spec.name, spec);
  return {
    name: spec.name,
    description: spec.description,
    scope: spec.scope ?? 'sample',
    inputs: spec.inputs,
    params: spec.params ?? {},
    outputs: withKnownNames(
      Object.fromEntries(outputs) as DefinedStep<O, never>['outputs'],
      `output of step ${spec.name} called`,
    ),
    outputSpecs: Object.fromEntries(outputSpecs),
    files: spec.files ?? [],
    resources: spec.resources,
    tools: spec.tools ?? [],
    image: spec.image,
    attempts: spec.attempts ?? DEFAULT_ATTEMPTS,
    intermediate: spec.intermediate ?? false,
    version: spec.version,
    run: spec.run,
  };
}

/** The plain inputs behind a step's inputs: the choices of a `firstOf`, otherwise the input itself. */
export function plainInputs(step: Step): (SampleFile | ReferenceFile | StepOutput | Collected)[] {
  return Object.values(step.inputs).flatMap((input) => {
    if (input.kind === 'first-of') return [...(input as FirstOf).choices];
    return input.kind === 'sample-value' ? [] : [input];
  });
}
