/**
 * Throughput of the S3 store compared with awscli, on the same server, files and folder.
 * Usage: node bench/s3-throughput.ts [MB] [FILES] [ROUNDS] [AWS-PROGRAM] [FOLDER]
 * FOLDER should be in memory: on a shared disk, the disk is measured, not the clients.
 */
import pLimit from 'p-limit';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashFile } from '../src/store/hash-file.ts';
import { openStore } from '../src/store/open-store.ts';
import { S3_KEYS, startS3 } from '../test/stack/s3/start-s3.ts';
import { figure, measureBeside } from './measure.ts';

const BUCKET_URL = 's3://bench-bucket/store';
const MB = 1_000_000;
/** As many as the runner stages and publishes in parallel. */
const PARALLEL_TRANSFERS = 8;

type Direction = 'up' | 'down';
/** For work in this process only the time is known. */
interface Cost {
  wallSeconds: number;
  cpuSeconds?: number;
  memoryMiB?: number;
}
type Client = (direction: Direction, from: { endpoint: string; folder: string }) => Promise<Cost>;

const awscli =
  (program: string): Client =>
  async (direction, { endpoint, folder }) => {
    const url = `${BUCKET_URL}/awscli`;
    const between = direction === 'up' ? [folder, url] : [url, `${folder}-awscli`];
    const argv = ['s3', 'cp', '--recursive', '--only-show-errors', '--endpoint-url', endpoint, ...between];
    return done(await measureBeside([program, ...argv], { cwd: '/' }));
  };

/** As a separate process, start included, like awscli. */
const storeProcess: Client = async (direction, { endpoint, folder }) =>
  done(
    await measureBeside([process.execPath, import.meta.filename, '--transfer', direction, endpoint, folder], {
      cwd: '/',
    }),
  );

/** In this process, as the runner does it. */
const storeHere: Client = async (direction, { endpoint, folder }) => {
  const start = performance.now();
  await transfer(direction, endpoint, folder);
  return { wallSeconds: (performance.now() - start) / 1000 };
};

function done<T extends { exitCode: number; output: string }>(result: T): T {
  if (result.exitCode !== 0) throw new Error(result.output);
  return result;
}

/** Checks a SHA-256 in both directions, which the records would provide. */
async function transfer(direction: Direction, endpoint: string, folder: string): Promise<void> {
  const store = await openStore(BUCKET_URL, { s3: { endpoint } });
  const limit = pLimit(PARALLEL_TRANSFERS);
  await Promise.all(
    readdirSync(folder).map((name) =>
      limit(async () => {
        const [sum = '', file = ''] = name.split('-');
        if (direction === 'up') await store.putFile(`ours/${file}`, join(folder, name), { sha256: sum });
        else await store.getFile(`ours/${file}`, join(`${folder}-ours`, name), { sha256: sum });
      }),
    ),
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Named by their checksums, which both sides then know. */
async function writeFiles(folder: string, megabytes: number, files: number): Promise<void> {
  mkdirSync(folder);
  for (let number = 0; number < files; number++) {
    const file = join(folder, 'next');
    for (let i = 0; i < megabytes; i++) writeFileSync(file, randomBytes(MB), { flag: i === 0 ? 'w' : 'a' });
    renameSync(file, join(folder, `${await hashFile(file)}-${number}`));
  }
}

async function main(megabytes: number, files: number, rounds: number, aws: string, place: string): Promise<void> {
  const clients = new Map<string, Client>([
    ['awscli', awscli(aws)],
    ['this store, own process', storeProcess],
    ['this store, in the runner', storeHere],
  ]);
  process.env.TMPDIR = place;
  const scratch = mkdtempSync(join(place, 's3-throughput-'));
  const folder = join(scratch, 'files');
  const server = await startS3();
  server.makeBucket('bench-bucket');
  const costs = new Map<string, Cost[]>();
  try {
    await writeFiles(folder, megabytes, files);
    for (let round = 0; round < rounds; round++)
      for (const direction of ['up', 'down'] as const)
        for (const [name, client] of clients) {
          const cost = await client(direction, { endpoint: server.endpoint, folder });
          costs.set(`${name} ${direction}`, [...(costs.get(`${name} ${direction}`) ?? []), cost]);
        }
  } finally {
    await server.stop();
    rmSync(scratch, { recursive: true });
  }
  console.log(`${files} x ${megabytes} MB, median of ${rounds}; ours verifies a SHA-256 both ways, awscli does not\n`);
  print([...clients.keys()], costs, megabytes * files);
}

function print(names: readonly string[], costs: ReadonlyMap<string, Cost[]>, megabytes: number): void {
  const of = (name: string, direction: Direction) => costs.get(`${name} ${direction}`) ?? [];
  const wall = (name: string, direction: Direction) => median(of(name, direction).map((cost) => cost.wallSeconds));
  const both = (name: string, what: 'cpuSeconds' | 'memoryMiB') =>
    (['up', 'down'] as const).map((direction) => {
      const values = of(name, direction).flatMap((cost) => cost[what] ?? []);
      return values.length === 0 ? '' : figure(median(values));
    });
  const titles = ['up MB/s', 'down MB/s', 'x awscli up', 'x awscli down', 'CPU s up', 'CPU s down'];
  console.log(`| ${['client', ...titles, 'memory MB up', 'memory MB down'].join(' | ')} |`);
  console.log(`| --- |${' ---: |'.repeat(8)}`);
  for (const name of names) {
    const rates = (['up', 'down'] as const).map((direction) => (megabytes / wall(name, direction)).toFixed(0));
    const ratios = (['up', 'down'] as const).map((way) => (wall('awscli', way) / wall(name, way)).toFixed(2));
    const cells = [...rates, ...ratios, ...both(name, 'cpuSeconds'), ...both(name, 'memoryMiB')];
    console.log(`| ${[name, ...cells].join(' | ')} |`);
  }
}

Object.assign(process.env, S3_KEYS);
const [first = '200', second = '1', third = '3', fourth = 'aws', fifth = '/dev/shm'] = process.argv.slice(2);
if (first === '--transfer') await transfer(second as Direction, third, fourth);
else await main(Number(first), Number(second), Number(third), fourth, fifth);
