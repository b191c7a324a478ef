import type { Finding, TaskResources } from '../engine.ts';
import { parseSlurmTime } from './cluster-config.ts';

export interface StepNeeds {
  step: string;
  resources: TaskResources;
  /** As given by the user: several are separated by commas; `undefined` is the cluster's default. */
  partition: string | undefined;
}

/** Whether a node of the partition satisfies the step's needs. */
export function fit(groups: readonly NodeGroup[], { step, resources, partition }: StepNeeds): Finding {
  const subject = `needs of step ${step}`;
  const names = partition?.split(',');
  const there = groups.filter((group) => (names ? names.includes(group.partition) : group.isDefault));
  const known = [...new Set(groups.map((group) => group.partition))].join(', ');
  const name = partition === undefined ? 'the default partition' : `partition ${partition}`;
  if (there.length === 0) {
    return {
      level: 'error',
      subject,
      message: `There is no ${name.replace(/^the /, '')}`,
      hint: `There are: ${known}`,
    };
  }
  const fitting = there.filter((group) => fits(group, resources));
  if (fitting.length === 0) return { level: 'error', subject, ...tooMuch(there, resources, name) };
  if (!fitting.some(isUsable)) {
    const states = [...new Set(fitting.map((group) => (group.up ? group.state : 'the partition is down')))].join(', ');
    return {
      level: 'warning',
      subject,
      message: `No node of ${name} that fits takes jobs now: ${states}`,
      hint: 'Jobs would wait. `sinfo -R` tells why.',
    };
  }
  const nodes = fitting.filter(isUsable).reduce((sum, group) => sum + group.nodes, 0);
  return {
    level: 'ok',
    subject,
    message: `${describe(resources)}: ${nodes === 1 ? '1 node' : `${nodes} nodes`} of ${name} can do that`,
  };
}

function fits({ cpus, memoryMiB, timeLimitSeconds }: NodeGroup, needs: TaskResources): boolean {
  return cpus >= needs.cpus && memoryMiB >= needs.memoryMiB && timeLimitSeconds >= needs.timeLimitSeconds;
}

function tooMuch(there: readonly NodeGroup[], needs: TaskResources, name: string): { message: string; hint: string } {
  const largest = there.map(
    ({ cpus, memoryMiB, timeLimitSeconds }) => `${describe({ cpus, memoryMiB, timeLimitSeconds })}`,
  );
  return {
    message: `${describe(needs)}: no node of ${name} has that; it has ${[...new Set(largest)].join('; ')}`,
    hint: 'Ask for less in this step, or name another partition for it.',
  };
}

function describe({ cpus, memoryMiB, timeLimitSeconds }: Omit<TaskResources, 'scratchMiB'>): string {
  const time = Number.isFinite(timeLimitSeconds) ? `${Math.ceil(timeLimitSeconds / 60)} min` : 'no time limit';
  return `${cpus} CPUs, ${memoryMiB} MiB, ${time}`;
}

/** Nodes of one partition that are alike. */
export interface NodeGroup {
  partition: string;
  isDefault: boolean;
  /** The partition itself accepts jobs. */
  up: boolean;
  /** Longest time of a job in seconds; may be Infinity. */
  timeLimitSeconds: number;
  cpus: number;
  memoryMiB: number;
  /** As sinfo reports it: `idle`, `mixed`, `drained`, `down*`… */
  state: string;
  nodes: number;
}

const COLUMNS = ['Partition', 'Available', 'Time', 'CPUs', 'Memory', 'StateLong', 'Nodes'] as const;

/** `--exact` keeps nodes of different sizes apart, which are otherwise shown as `16+`. */
export const SINFO_ARGUMENTS = [
  '--noheader',
  '--all',
  '--exact',
  `--Format=${COLUMNS.map((column) => `${column}:|`).join(',')}`,
];

export function parseSinfo(text: string): NodeGroup[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', available = '', time = '', cpus = '', memory = '', state = '', nodes = ''] = line.split('|');
    if (name === '') return [];
    return [
      {
        partition: name.replace(/\*$/, ''),
        isDefault: name.endsWith('*'),
        up: available === 'up',
        timeLimitSeconds: parseSlurmTime(time) ?? Number.POSITIVE_INFINITY,
        cpus: Number.parseInt(cpus, 10),
        memoryMiB: Number.parseInt(memory, 10),
        state,
        nodes: Number(nodes),
      },
    ];
  });
}

/** True for nodes that accept jobs, now or after their current ones. */
function isUsable({ up, state }: NodeGroup): boolean {
  return up && /^(idle|mixed|allocated|completing|planned|reserved)/.test(state) && !state.endsWith('*');
}
