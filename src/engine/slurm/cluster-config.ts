/** The settings of `scontrol show config` that the engine uses. */
export interface ClusterConfig {
  version: string;
  clusterName: string;
  /** Largest array index plus one; 0 or 1 if arrays are disabled. */
  maxArraySize: number;
  /** Limit of jobs that the controller keeps, counting each array element. */
  maxJobCount: number;
  /** Seconds until an ended job is forgotten; 0 means never. */
  minJobAgeSeconds: number;
  /** `correspond_after_task_cnt`: pending elements of an `aftercorr` array that Slurm examines. */
  correspondAfterTaskCount: number;
  /** True if sacct knows jobs that squeue has forgotten. */
  accounting: boolean;
  /** Slurm's `PriorityType`, `PriorityWeightAge` and `PriorityMaxAge` in days. */
  priority: { type: string; weightAge: number; maxAgeDays: number };
}

/** slurm.conf(5): the default of `correspond_after_task_cnt`. */
const CORRESPOND_AFTER_TASK_COUNT = 10;

/** slurm.conf(5): the default of `PriorityMaxAge`. */
const PRIORITY_MAX_AGE_DAYS = 7;

const DAY_SECONDS = 86_400;

/** Parses the `Name = value` lines that `scontrol show config` prints. */
export function parseClusterConfig(text: string): ClusterConfig {
  const value = settings(text);
  const scheduler = parameters(value('SchedulerParameters'));
  const maxArrayTasks = integer(scheduler.get('max_array_tasks'), Number.POSITIVE_INFINITY);
  return {
    version: value('SLURM_VERSION') ?? 'unknown',
    clusterName: value('ClusterName') ?? 'unknown',
    maxArraySize: Math.min(integer(value('MaxArraySize'), 1001), maxArrayTasks),
    maxJobCount: integer(value('MaxJobCount'), 10_000),
    minJobAgeSeconds: integer(value('MinJobAge'), 300),
    correspondAfterTaskCount: integer(scheduler.get('correspond_after_task_cnt'), CORRESPOND_AFTER_TASK_COUNT),
    accounting: /^accounting_storage\/(?!none)/.test(value('AccountingStorageType') ?? ''),
    priority: {
      type: value('PriorityType') ?? 'priority/basic',
      weightAge: integer(value('PriorityWeightAge'), 0),
      maxAgeDays: days(value('PriorityMaxAge')),
    },
  };
}

function settings(text: string): (name: string) => string | undefined {
  const lines = text.split('\n').map((line) => /^(\S+)\s*=\s*(.*?)\s*$/.exec(line));
  const values = new Map(lines.flatMap((match) => (match?.[1] ? [[match[1], match[2] ?? ''] as const] : [])));
  return (name) => values.get(name);
}

function parameters(text: string | undefined): Map<string, string> {
  return new Map((text ?? '').split(',').map((item) => item.trim().split('=', 2) as [string, string]));
}

/** The digits that a value starts with: `300 sec`. */
function integer(text: string | undefined, otherwise: number): number {
  const digits = /^\d+/.exec(text ?? '')?.[0];
  return digits === undefined ? otherwise : Number(digits);
}

function days(text: string | undefined): number {
  const seconds = parseSlurmTime(text ?? '');
  return seconds === undefined || seconds === 0 ? PRIORITY_MAX_AGE_DAYS : seconds / DAY_SECONDS;
}

/** Seconds of `infinite`, `30:00`, `1:30:00` or `2-00:00:00`; `undefined` for other texts. */
export function parseSlurmTime(text: string): number | undefined {
  if (/^(infinite|unlimited)$/i.test(text)) return Number.POSITIVE_INFINITY;
  const match = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)$/.exec(text);
  if (!match) return undefined;
  const [day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
  ];
  return day * DAY_SECONDS + hour * 3600 + minute * 60 + second;
}

export interface ArrayLimit {
  maxArraySize: number;
  maxArrayReason?: string;
}

/**
 * The largest safe array. Slurm examines at most `correspond_after_task_cnt` pending elements of an array whose
 * elements wait for those of another. The rest stall behind them, and if the task that they wait for is forgotten
 * meanwhile, Slurm checks whether the *whole* other array succeeded: one failed sample then cancels healthy ones.
 * Arrays up to that size never get there.
 */
export function arrayLimit(config: ClusterConfig): ArrayLimit {
  const largest = Math.max(1, config.maxArraySize);
  const watched = Math.max(1, config.correspondAfterTaskCount);
  if (watched >= largest) return { maxArraySize: largest };
  return {
    maxArraySize: watched,
    maxArrayReason:
      `Slurm here examines only ${watched} waiting tasks of an array at a time (correspond_after_task_cnt); ` +
      'in larger arrays samples would stall, and one that failed could cancel healthy ones',
  };
}

/** sbatch(1): the largest adjustment. */
const MAX_NICE = 2_147_483_645;

/** More than any number of jobs queued at a time: priority/basic counts down by one per job. */
const BASIC_STEP = 100_000;

/**
 * `--nice` of a job: the higher its rank, the later it starts among our jobs. With priority/basic the step is large
 * enough to overtake every job submitted in between. With priority/multifactor a large value would push the job behind
 * those of all other users, so one rank costs at most what one day of waiting earns.
 */
export function niceOf(rank: number, { priority }: ClusterConfig): number {
  const day = Math.ceil(priority.weightAge / priority.maxAgeDays);
  const step = priority.type === 'priority/basic' ? BASIC_STEP : Math.max(1, day);
  return Math.min(MAX_NICE, Math.max(0, Math.round(rank)) * step);
}
