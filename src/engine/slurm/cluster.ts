import { PipelineError } from '../../errors.ts';
import { arrayLimit, type ArrayLimit, type ClusterConfig, parseClusterConfig } from './cluster-config.ts';
import { ask, askOutput, failureKind, refusal, type RunSlurm } from './slurm-commands.ts';
import type { Patience } from '../patience.ts';
import {
  parseSacct,
  parseSacctNames,
  parseSqueue,
  sacctArguments,
  sacctNameArguments,
  squeueArguments,
  type TaskRow,
} from './task-rows.ts';

/** The queries that the engine makes to a cluster. */
export interface Cluster {
  run: RunSlurm;
  patience: Patience;
  /** Queried once. */
  config(): Promise<ClusterConfig & ArrayLimit>;
  /** What the controller still knows of these jobs: one squeue. */
  remembered(jobIds: readonly string[]): Promise<TaskRow[]>;
  /** What the accounting knows of these jobs: one sacct; empty if accounting is missing or down. */
  recorded(jobIds: readonly string[]): Promise<TaskRow[]>;
  /** Ids of the jobs of each name, oldest first: one squeue. */
  rememberedNames(): Promise<Map<string, string[]>>;
  /** Id of the oldest job of each of these names: sacct; empty if accounting is missing or down. */
  recordedNames(names: readonly string[]): Promise<Map<string, string>>;
}

/** Accounting is optional, so it is not waited for long. */
const SACCT_TIMEOUT_MS = 30_000;

/** Names in one call: Linux allows 128 KiB for an argument, and a name has up to 128 characters. */
const NAMES_A_CALL = 500;

export function createCluster(run: RunSlurm, patience: Patience, uid: number): Cluster {
  let config: Promise<ClusterConfig & ArrayLimit> | undefined;
  const cluster: Cluster = {
    run,
    patience,
    config() {
      config ??= probe(run, patience).catch((error: unknown) => {
        config = undefined;
        throw error;
      });
      return config;
    },
    async remembered(jobIds) {
      if (jobIds.length === 0) return [];
      const wanted = new Set(jobIds);
      const result = await ask(run, patience, 'squeue', squeueArguments(uid, jobIds));
      // For a single unknown job squeue fails: that is an answer, too.
      if (result.exitCode !== 0 && !/invalid job id/i.test(result.stderr)) throw refusal('squeue', result);
      return parseSqueue(result.stdout).filter(({ jobId }) => wanted.has(jobId));
    },
    async recorded(jobIds) {
      return jobIds.length === 0 ? [] : parseSacct(await sacct(cluster, sacctArguments(jobIds)));
    },
    async rememberedNames() {
      return byName(parseSqueue(await askOutput(run, patience, 'squeue', squeueArguments(uid, []))));
    },
    async recordedNames(names) {
      const found = new Map<string, string>();
      for (let i = 0; i < names.length; i += NAMES_A_CALL) {
        const text = await sacct(cluster, sacctNameArguments(uid, names.slice(i, i + NAMES_A_CALL)));
        for (const [name, id] of parseSacctNames(text)) found.set(name, id);
      }
      return found;
    },
  };
  return cluster;
}

async function probe(run: RunSlurm, patience: Patience): Promise<ClusterConfig & ArrayLimit> {
  const config = parseClusterConfig(await askOutput(run, patience, 'scontrol', ['show', 'config']));
  return { ...config, ...arrayLimit(config) };
}

async function sacct(cluster: Cluster, args: readonly string[]): Promise<string> {
  try {
    const result = await cluster.run('sacct', args, { timeoutMs: SACCT_TIMEOUT_MS });
    return failureKind(result) === undefined ? result.stdout : '';
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'slurm-missing') return '';
    throw error;
  }
}

function byName(rows: readonly TaskRow[]): Map<string, string[]> {
  const names = new Map<string, Set<string>>();
  for (const { token, jobId } of rows) {
    if (!token) continue;
    const ids = names.get(token.name) ?? new Set();
    names.set(token.name, ids.add(jobId));
  }
  return new Map([...names].map(([name, ids]) => [name, [...ids].toSorted((a, b) => Number(a) - Number(b))]));
}
