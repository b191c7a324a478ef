import { z } from 'zod';

/** Identity of a file at planning: the runner refuses a file that is another one by then. */
const fileIdentity = z.object({
  /** Path or URL. */
  location: z.string(),
  size: z.number().int().nonnegative(),
  etag: z.string(),
  sha256: z.string().optional(),
  /** By step that reads it: identity of an earlier input with the same content, which stands for this one in task keys. */
  countsAs: z.record(z.string(), z.string()).optional(),
});
export type FileIdentity = z.infer<typeof fileIdentity>;

/** One sample whose files have been found and identified. */
export interface PlanSample {
  name: string;
  files: Readonly<Record<string, FileIdentity>>;
  values: Readonly<Record<string, string>>;
  /** Where it was given: `samples.csv:3`. */
  where?: string;
}

/** What a run means to do with a task. */
export const DECISIONS = ['run', 'up-to-date', 'not-needed'] as const;
export type Decision = (typeof DECISIONS)[number];

const taskEntry = z.object({
  key: z.string(),
  decision: z.enum(DECISIONS),
  /** An attempt before this run has published files that may not be those of the one that succeeds. */
  leftovers: z.literal(true).optional(),
});

/** One sample in the manifest: its position there is its index for ever. */
const manifestSample = z.object({
  name: z.string(),
  files: z.record(z.string(), fileIdentity),
  values: z.record(z.string(), z.string()),
  /** By step. */
  tasks: z.record(z.string(), taskEntry),
});
export type ManifestSample = z.infer<typeof manifestSample>;

export const samplePage = z.array(manifestSample);

const taskResources = z.object({
  cpus: z.number(),
  memoryMiB: z.number(),
  scratchMiB: z.number(),
  timeLimitSeconds: z.number(),
});

/** Samples per page: a task reads one page, not the whole list. */
export const SAMPLES_PER_PAGE = 1000;

/** A zip in the store, named by its content. */
const bundle = z.object({
  /** URL of the zip. */
  location: z.string(),
  sha256: z.string(),
});
export type Bundle = z.infer<typeof bundle>;

/** Written once, before anything is submitted, and never changed. */
export const manifest = z.object({
  /** 2 says which code the run was planned with; 1 did not. */
  version: z.union([z.literal(1), z.literal(2)]),
  run: z.string(),
  /** Makes the engine's job names unique over all stores. */
  nonce: z.string(),
  pipeline: z.string(),
  /** Where the definition lay: `builtin:NAME`, or a file. */
  pipelineSource: z.string(),
  createdAt: z.string(),
  programVersion: z.string(),
  engine: z.string(),
  /** Of an engine from outside this package: the file that defines it. */
  engineModule: z.string().optional(),
  /** The engine's own flags (queue, account…), so that retry, status and cancel reach the same place. */
  engineFlags: z.record(z.string(), z.unknown()).default({}),
  /** A user's pipeline and its declared files as they were when the run was planned: what all of its tasks run. */
  code: bundle.optional(),
  /** What Fetch & Run fetches in the containers of a run: runner and pipeline. */
  bundle: bundle.optional(),
  params: z.record(z.string(), z.unknown()),
  references: z.record(z.string(), fileIdentity),
  steps: z.array(
    z.object({
      name: z.string(),
      scope: z.enum(['sample', 'cohort']),
      upstream: z.array(z.string()),
      resources: taskResources,
      image: z.string().optional(),
      /** Tries of a task for causes that may pass. */
      attempts: z.number().int().positive().optional(),
      /** Its outputs may be gone once the steps that read them have succeeded. */
      intermediate: z.literal(true).optional(),
      toolVersions: z.record(z.string(), z.string()),
      /** What stands for its code in the keys of its tasks; see `partDigits`. */
      code: z.string().optional(),
      /** Of a cohort step. */
      task: taskEntry.optional(),
    }),
  ),
  sampleCount: z.number().int(),
  /** Stands for the samples and the keys of all tasks. */
  plan: z.string().optional(),
  /** SHA-256 of every page of samples. */
  pages: z.array(z.string()),
});
export type Manifest = z.infer<typeof manifest>;

/** What a job of this run is: its position, or array index, leads to a sample through `samples`. */
export const jobDocument = z.object({
  version: z.literal(1),
  job: z.string(),
  step: z.string(),
  submission: z.number().int(),
  size: z.number().int().positive(),
  /** `[first manifest index, how many]` runs; empty for a cohort step. */
  samples: z.array(z.tuple([z.number().int(), z.number().int().positive()])),
  resources: taskResources,
  dependsOn: z.array(z.object({ job: z.string(), type: z.enum(['N_TO_N', 'SUCCESS', 'ANY']) })),
  rank: z.number().int(),
});
export type JobDocument = z.infer<typeof jobDocument>;

/** `[3,4,5,9]` to `[[3,3],[9,1]]`. */
export function toRanges(indices: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const index of indices) {
    const last = ranges.at(-1);
    if (last && last[0] + last[1] === index) last[1] += 1;
    else ranges.push([index, 1]);
  }
  return ranges;
}

/** The manifest index behind an array index; `undefined` for a cohort job or an index out of range. */
export function sampleAt(ranges: readonly (readonly [number, number])[], arrayIndex: number): number | undefined {
  let before = 0;
  for (const [first, count] of ranges) {
    if (arrayIndex < before + count) return first + arrayIndex - before;
    before += count;
  }
  return undefined;
}

/** All manifest indices of a job, in array order. */
export function expandRanges(ranges: readonly (readonly [number, number])[]): number[] {
  return ranges.flatMap(([first, count]) => Array.from({ length: count }, (_, i) => first + i));
}
