import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from '../free-ports.ts';

const run = promisify(execFile);

/** A real Grid Engine of one's own on this machine, with the queue `main.q`. */
export interface GridEngineCluster {
  /** Configuration, spool and logs. */
  readonly home: string;
  /** What a process needs to talk to it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends all jobs and processes of the cluster and removes its home. */
  stop(): Promise<void>;
}

export async function startGridEngine(): Promise<GridEngineCluster> {
  const script = (name: string) => join(import.meta.dirname, `${name}-gridengine.sh`);
  await run(script('install'));
  const home = mkdtempSync(join(tmpdir(), 'gridengine-'));
  const port = await freePorts(2);
  await run(script('start'), ['--home', home, '--port', String(port)]);
  const environment = {
    PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
    HOME: home,
    SGE_ROOT: home,
    SGE_CELL: 'default',
    SGE_QMASTER_PORT: String(port),
    SGE_EXECD_PORT: String(port + 1),
  };
  return { home, environment, stop: async () => void (await run(script('stop'), ['--home', home, '--wipe'])) };
}
