import { messageOf, PipelineError } from '../errors.ts';
import type { ReferenceFile, SampleFile, UnknownName } from './inputs.ts';

type Unit = 'MB' | 'GB' | 'TB' | 'MiB' | 'GiB' | 'TiB';

/** An amount of memory or disk: `'512 MB'`, `'1.5 TB'`. Units are powers of 1024; `MB` and `MiB` mean the same. */
export type Size = `${number}${' ' | ''}${Unit}`;

/** A time limit: `'90s'`, `'30m'` or `'30 min'`, `'4h'`, `'2d'`. */
export type Duration = `${number}${' ' | ''}${'s' | 'm' | 'min' | 'h' | 'd'}`;

/** What one task needs. */
export interface Resources {
  cpus: number;
  memory: Size;
  /** Free disk for inputs and outputs. */
  scratch: Size;
  /** A task that takes longer is stopped. */
  time: Duration;
}

/**
 * What is known of a task's inputs before anything has run. Every number is rounded up to a power of two, so that tasks
 * of about one size ask for the same, and share an array job.
 */
export interface KnownSizes {
  /**
   * Bytes of the sample's file in this column, or of a reference file; 0 where there is none. In a cohort step, of a
   * column: of all samples together. The size of what another step writes is not known yet: use those of the files it is
   * made from.
   */
  of(file: SampleFile | ReferenceFile): number;
  /** Number of samples of the run. */
  readonly samples: number;
}

/** What a step declares: the same for all its tasks, or a pure function of the sizes of a task's inputs. */
export type StepResources = Resources | ((sizes: KnownSizes) => Resources);

const MEBIBYTES = { MB: 1, GB: 1024, TB: 1024 * 1024 } as const;
const SECONDS = { s: 1, m: 60, min: 60, h: 3600, d: 86_400 } as const;

/** `'7 GB'` to MiB (powers of 1024, rounded up); `undefined` if it is not a size. */
export function parseSize(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([MGT])i?B?\s*$/i.exec(text);
  const unit = MEBIBYTES[`${match?.[2]?.toUpperCase()}B` as keyof typeof MEBIBYTES];
  return match ? Math.ceil(Number(match[1]) * unit) : undefined;
}

/** `'90s'`, `'30m'`, `'30 min'`, `'4h'`, `'2d'` to seconds; `undefined` if it is not a time. */
export function parseDuration(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(s|m|min|h|d)\s*$/.exec(text);
  return match ? Math.ceil(Number(match[1]) * SECONDS[match[2] as keyof typeof SECONDS]) : undefined;
}

/** What one task needs, in numbers: a step's `Resources` after the user's overrides. */
export interface TaskResources {
  cpus: number;
  memoryMiB: number;
  /** Free disk that the task may fill. */
  scratchMiB: number;
  timeLimitSeconds: number;
}

/** What is wrong with declared resources, and how to write them. */
export function resourceProblems(declared: Resources): { message: string; hint?: string }[] {
  const { cpus, memory, scratch, time } = declared;
  return [
    ...(Number.isInteger(cpus) && cpus > 0 ? [] : [{ message: `cpus must be a whole number above 0, not ${cpus}` }]),
    ...[memory, scratch]
      .filter((size) => !parseSize(size))
      .map((size) => ({ message: `"${size}" is not a size`, hint: 'Write "512 MB" or "7 GB".' })),
    ...(parseDuration(time) ? [] : [{ message: `"${time}" is not a time`, hint: 'Write "90s", "30m" or "4h".' }]),
  ];
}

/** Of a task without a byte of input: its step asks for the least that it ever does. */
export const NO_SIZES: KnownSizes = { of: () => 0, samples: 0 };

/**
 * What a task gets whose inputs have these sizes: what its step declares, in numbers.
 * @param whose named in errors: `sample "S1" (bam: 2 GB)`
 * @throws PipelineError `resources-invalid` if the step's function throws, or if what it gives is no amount
 */
export function taskResources(
  { name, resources }: { name: string; resources: StepResources },
  sizes: KnownSizes,
  whose = 'inputs of no size',
): TaskResources {
  const declared = typeof resources === 'function' ? ask(name, resources, sizes, whose) : resources;
  const [problem] = resourceProblems(declared);
  if (problem) throw invalid(name, whose, problem.message, problem.hint);
  return {
    cpus: declared.cpus,
    memoryMiB: parseSize(declared.memory) as number,
    scratchMiB: parseSize(declared.scratch) as number,
    timeLimitSeconds: parseDuration(declared.time) as number,
  };
}

function ask(step: string, resources: (sizes: KnownSizes) => Resources, sizes: KnownSizes, whose: string): Resources {
  let given: unknown;
  try {
    given = resources({ ...sizes, of: (file) => sizes.of(known(file)) });
  } catch (error) {
    throw invalid(step, whose, messageOf(error));
  }
  if (typeof given === 'object' && given !== null) return given as Resources;
  throw invalid(step, whose, `the function returns ${String(given)}`);
}

/** @throws TypeError for a name that does not exist */
function known(file: SampleFile | ReferenceFile | UnknownName): SampleFile | ReferenceFile {
  if (file.kind === 'unknown') throw new TypeError(`${file.message} (${file.hint})`);
  return file;
}

function invalid(step: string, whose: string, problem: string, hint?: string): PipelineError {
  return new PipelineError({
    code: 'resources-invalid',
    message: `Step ${step} has no usable resources for ${whose}: ${problem}`,
    hint: hint ?? 'Its function must return cpus, memory, scratch and time for inputs of any size, also for 0 bytes.',
  });
}
