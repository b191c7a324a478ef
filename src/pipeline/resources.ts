const MEBIBYTES = { MB: 1, GB: 1024, TB: 1024 * 1024 } as const;
const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** `'7 GB'` to MiB (powers of 1024, rounded up); `undefined` if it is no size. */
export function parseSize(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([MGT])i?B?\s*$/i.exec(text);
  const unit = MEBIBYTES[`${match?.[2]?.toUpperCase()}B` as keyof typeof MEBIBYTES];
  return match ? Math.ceil(Number(match[1]) * unit) : undefined;
}

/** `'90s'`, `'30m'`, `'4h'`, `'2d'` to seconds; `undefined` if it is no time. */
export function parseDuration(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([smhd])\s*$/.exec(text);
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

/** The numbers behind a step's declared resources, which `definePipeline` has checked. */
export function toTaskResources(declared: {
  cpus: number;
  memory: string;
  scratch: string;
  time: string;
}): TaskResources {
  return {
    cpus: declared.cpus,
    memoryMiB: parseSize(declared.memory) ?? 0,
    scratchMiB: parseSize(declared.scratch) ?? 0,
    timeLimitSeconds: parseDuration(declared.time) ?? 0,
  };
}
