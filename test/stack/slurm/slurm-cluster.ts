import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePorts } from '../free-ports.ts';

const run = promisify(execFile);

export interface ClusterOptions {
  /** `stock`: the scheduler settings that most sites leave alone. Default `tuned`. */
  profile?: 'tuned' | 'stock';
  /** Real memory limits; root only. */
  cgroup?: boolean;
  accounting?: boolean;
  nodes?: number;
  /** CPUs that each node claims; may exceed the real number. */
  cpus?: number;
  /** MiB that each node claims. */
  memory?: number;
  /** Lines of slurm.conf: `MinJobAge=2`. */
  settings?: readonly string[];
  /** PartitionName lines. */
  partitions?: readonly string[];
}

/** A real Slurm cluster of one's own on this machine. */
export interface SlurmCluster {
  /** State, logs and keys. */
  readonly home: string;
  /** What a process needs to talk to this cluster. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs one of Slurm's commands. */
  command(program: string, ...args: string[]): Promise<string>;
  controllerPid(): number;
  /** Stops the controller, which saves its state first: a crash would lose the jobs of the last seconds. */
  stopController(): Promise<void>;
  startController(): Promise<void>;
  /** Ends all jobs and processes of the cluster and removes its home. */
  stop(): Promise<void>;
}

const STOP_LOOK_MS = 20;
const HERE = import.meta.dirname;

/** slurmctld, slurmdbd and up to 13 slurmd. */
const PORTS = 15;

export async function startSlurmCluster(options: ClusterOptions = {}): Promise<SlurmCluster> {
  await run(join(HERE, 'install-slurm.sh'));
  // munge's socket path must be short, so this is not the user's folder for temporary files.
  const home = mkdtempSync('/tmp/slurm-');
  const environment = {
    PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
    HOME: home,
    SLURM_CONF: join(home, 'slurm.conf'),
  };
  const port = String(await freePorts(PORTS));
  await run(join(HERE, 'start-slurm.sh'), ['--home', home, '--port', port, ...flags(options)]);
  const command = async (program: string, ...args: string[]) => (await run(program, args, { env: environment })).stdout;
  const controllerPid = () => Number(readFileSync(join(home, 'pid/slurmctld.pid'), 'utf8'));
  return {
    home,
    environment,
    command,
    controllerPid,
    async stopController() {
      const pid = controllerPid();
      process.kill(pid, 'SIGTERM');
      while (isAlive(pid)) await sleep(STOP_LOOK_MS);
    },
    startController: async () => void (await command('slurmctld', '-f', environment.SLURM_CONF)),
    stop: async () => void (await run(join(HERE, 'stop-slurm.sh'), ['--home', home, '--wipe'])),
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function flags(options: ClusterOptions): string[] {
  const { profile, nodes, cpus, memory, settings = [], partitions = [] } = options;
  const values = Object.entries({ profile, nodes, cpus, memory }).filter(([, value]) => value !== undefined);
  return [
    ...values.flatMap(([name, value]) => [`--${name}`, String(value)]),
    ...(options.cgroup ? ['--cgroup'] : []),
    ...(options.accounting ? ['--accounting'] : []),
    ...settings.flatMap((line) => ['--set', line]),
    ...partitions.flatMap((line) => ['--partition', line]),
  ];
}
