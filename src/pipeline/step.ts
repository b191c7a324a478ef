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
import { noteOrigin } from './step-origin.ts';
import type { Tool } from './tool.ts';

/** What one task needs. Sizes are `'512 MB'`, `'7 GB'`, `'1.5 TB'` (powers of 1024); time is `'90s'`, `'30m'`, `'4h'`. */
export interface Resources {
  cpus: number;
  memory: string;
  /** Free disk for inputs and outputs. */
  scratch: string;
  time: string;
}

/**
 * What is known of a task's inputs before anything has run. Every number is rounded up to a power of two, so that tasks
 * of about one size ask for the same, and share an array job.
 */
export interface KnownSizes {
  /**
   * Bytes of the sample's file in this column, or of a reference file; 0 where there is none. In a cohort step, of a
   * column: of all samples together. What another step writes is not known yet: go by the files that it is made from.
   */
  of(file: SampleFile | ReferenceFile): number;
  /** Number of samples of the run. */
  readonly samples: number;
}

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

/** What became of a sample in the steps before, for a cohort step that gathers. */
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
export interface StepContext<Inputs, Params, Outputs, Files = Readonly<Record<string, string>>> {
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
  /** argv prefix of a tool that this step declared: `$`${tool('picard')} SamToFastq …``. */
  readonly tool: (name: string) => readonly string[];
  /** A line in the attempt's log. */
  readonly log: (line: string) => void;
  /** Keeps a fact in the record. */
  readonly metric: (name: string, value: Metric) => void;
  /** Keeps the comparison in the record; throws a `StepFailure('check')` if the two differ. */
  readonly check: (name: string, values: { expected: Metric; actual: Metric; hint?: string }) => void;
  /** Everyone that the run knows of, in the order of the sample list; empty in a sample step. */
  readonly members: readonly CohortMember[];
  /** Aborted on cancel, time limit or shutdown. */
  readonly signal: AbortSignal;
}

type Inputs = Readonly<Record<string, StepInput>>;
type Params = Readonly<Record<string, Param<unknown>>>;
/** Output name to file name, or `{ file, optional }`; `{sample}` stands for the sample's name. */
type Outputs = Readonly<Record<string, string | { readonly file: string; readonly optional: true }>>;

type ResolvedParams<P> = { readonly [K in keyof P]: P[K] extends Param<infer T> ? T : never };
type ResolvedInputs<I> = { readonly [K in keyof I]: ResolvedInput<I[K]> };

export interface StepSpec<
  N extends string,
  I extends Inputs,
  P extends Params,
  O extends Outputs,
  F extends readonly string[] = readonly string[],
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
  resources: Resources | ((sizes: KnownSizes) => Resources);
  tools?: readonly Tool[];
  /** Container image for engines that run images: a URI, or a folder with a Dockerfile. */
  image?: string;
  /** Tries for causes that may pass, such as a lost machine; default 3. A tool's error is never tried again. */
  attempts?: number;
  /** Nobody but later sample steps wants its outputs: `gc`, or the bucket's lifecycle, may remove them some time later. */
  intermediate?: boolean;
  /**
   * Stands for the step's code in the task's key. Without it everything that `run` reaches decides, but for comments and
   * white space. With it, say a new version whenever the results may change.
   */
  version?: string;
  run(
    this: void,
    context: StepContext<
      ResolvedInputs<I>,
      ResolvedParams<P>,
      { readonly [K in keyof O]: string },
      { readonly [K in F[number]]: string }
    >,
  ): Promise<void>;
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
  readonly resources: Resources | ((sizes: KnownSizes) => Resources);
  readonly tools: readonly Tool[];
  readonly image: string | undefined;
  readonly attempts: number;
  readonly intermediate: boolean;
  readonly version: string | undefined;
  run(context: StepContext<never, never, never, never>): Promise<void>;
}

/** A step and the handles by which other steps name its outputs. */
export interface DefinedStep<O> extends Step {
  readonly outputs: { readonly [K in keyof O]: StepOutput };
}

/** Tries of a task whose machine went away, unless the step says otherwise. */
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
>(spec: StepSpec<N, I, P, O, F>): DefinedStep<O> {
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
      Object.fromEntries(outputs) as DefinedStep<O>['outputs'],
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
    run: spec.run as Step['run'],
  };
}

/** The plain inputs behind a step's inputs: the choices of a `firstOf`, otherwise the input itself. */
export function plainInputs(step: Step): (SampleFile | ReferenceFile | StepOutput | Collected)[] {
  return Object.values(step.inputs).flatMap((input) => {
    if (input.kind === 'first-of') return [...(input as FirstOf).choices];
    return input.kind === 'sample-value' ? [] : [input];
  });
}
