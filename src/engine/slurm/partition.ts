import { parseSlurmTime } from './cluster-config.ts';

/** Nodes of one partition that are alike. */
export interface NodeGroup {
  partition: string;
  isDefault: boolean;
  /** The partition itself takes jobs. */
  up: boolean;
  /** Longest time of a job in seconds; may be Infinity. */
  timeLimitSeconds: number;
  cpus: number;
  memoryMiB: number;
  /** sinfo's word: `idle`, `mixed`, `drained`, `down*`… */
  state: string;
  nodes: number;
}

const COLUMNS = ['Partition', 'Available', 'Time', 'CPUs', 'Memory', 'StateLong', 'Nodes'] as const;

/** `--exact` keeps nodes of different sizes apart, which else come as `16+`. */
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

/** True for a node that takes jobs now or once its present ones are over. */
export function isUsable({ up, state }: NodeGroup): boolean {
  return up && /^(idle|mixed|allocated|completing|planned|reserved)/.test(state) && !state.endsWith('*');
}
