import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../free-ports.ts';
import { installVersitygw } from './install-versitygw.ts';

/** Root user of the server. */
export const S3_KEYS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'testtest', AWS_REGION: 'us-east-1' };

const START_TRIES = 200;
const START_PAUSE_MS = 50;

/** A real S3 server (versitygw) over a temporary folder. */
export interface S3Server {
  /** `http://127.0.0.1:PORT`, the same after a restart. */
  readonly endpoint: string;
  readonly port: number;
  /** The server's folder: a bucket is a folder in it. */
  readonly folder: string;
  /** Makes a bucket; no harm if it exists. */
  makeBucket(name: string): void;
  /** Kills the server as a crash would. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, with the same data. */
  restart(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

export interface StartS3Options {
  /** `0.0.0.0` where containers have to reach it. */
  host?: string;
  /** Default: a free one. */
  port?: number;
}

export async function startS3({ host = '127.0.0.1', port }: StartS3Options = {}): Promise<S3Server> {
  const program = await installVersitygw();
  const home = mkdtempSync(join(tmpdir(), 'versitygw-'));
  const folder = join(home, 'data');
  for (const name of ['data', 'iam']) mkdirSync(join(home, name));
  const chosen = port ?? (await freePorts(1));
  const launch = () => startServer(program, home, `${host}:${chosen}`);
  let server = await launch();

  return {
    endpoint: `http://127.0.0.1:${chosen}`,
    port: chosen,
    folder,
    makeBucket: (name) => void mkdirSync(join(folder, name), { recursive: true }),
    kill: () => end(server, 'SIGKILL'),
    async restart() {
      server = await launch();
    },
    async stop() {
      await end(server, 'SIGTERM');
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function startServer(program: string, home: string, address: string): Promise<ChildProcess> {
  const log = join(home, 'server.log');
  const server = spawnServer(program, home, { address, log });
  for (let tries = 1; tries <= START_TRIES && isRunning(server); tries++) {
    if (await answers(Number(address.split(':')[1]))) return server;
    await sleep(START_PAUSE_MS);
  }
  await end(server, 'SIGKILL');
  throw new Error(`versitygw does not start on ${address}: ${readFileSync(log, 'utf8')}`);
}

function spawnServer(program: string, home: string, { address, log }: { address: string; log: string }): ChildProcess {
  const options = ['--port', address, '--region', S3_KEYS.AWS_REGION, '--iam-dir', join(home, 'iam')];
  const env = { ROOT_ACCESS_KEY: S3_KEYS.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: S3_KEYS.AWS_SECRET_ACCESS_KEY };
  const output = openSync(log, 'a');
  const server = spawn(program, [...options, '--quiet', '--keep-alive', 'posix', join(home, 'data')], {
    env,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  // Also when the tests end in an uncaught error, so that no server is left behind.
  const killAtExit = (): void => void server.kill('SIGKILL');
  process.once('exit', killAtExit);
  server.once('exit', () => process.removeListener('exit', killAtExit));
  return server;
}

function isRunning(server: ChildProcess): boolean {
  return server.exitCode === null && server.signalCode === null;
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!isRunning(server)) return;
  const gone = once(server, 'exit');
  server.kill(signal);
  await gone;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
