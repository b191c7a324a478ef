/**
 * Throughput of the S3 store beside awscli, on the same server, files and folder.
 * Usage: node bench/s3-throughput.ts [MB] [ROUNDS] [AWS-PROGRAM] [FOLDER]
 * FOLDER should be in memory: on a disk that is shared the disk is measured, not the clients.
 */
import { execa } from 'execa';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashFile } from '../src/store/hash-file.ts';
import { openStore } from '../src/store/open-store.ts';
import { S3_KEYS, startS3 } from '../test/stack/s3/start-s3.ts';

const BUCKET_URL = 's3://bench-bucket/store';
const MB = 1_000_000;

type Direction = 'up' | 'down';
type Client = (direction: Direction, from: { endpoint: string; file: string; sha256: string }) => Promise<unknown>;

const awscli =
  (program: string): Client =>
  (direction, { endpoint, file }) => {
    const url = `${BUCKET_URL}/awscli`;
    const between = direction === 'up' ? [file, url] : [url, `${file}-awscli`];
    return execa(program, ['s3', 'cp', '--only-show-errors', '--endpoint-url', endpoint, ...between]);
  };

/** As a process of its own, start included, like awscli. */
const storeProcess: Client = (direction, { endpoint, file, sha256 }) =>
  execa(process.execPath, [import.meta.filename, '--transfer', direction, endpoint, file, sha256]);

/** In this process, as the runner does it. */
const storeHere: Client = (direction, { endpoint, file, sha256 }) => transfer(direction, endpoint, file, sha256);

async function transfer(direction: Direction, endpoint: string, file: string, sha256: string): Promise<void> {
  const store = await openStore(BUCKET_URL, { s3: { endpoint } });
  if (direction === 'up') await store.putFile('ours', file, { sha256 });
  else await store.getFile('ours', `${file}-ours`, { sha256 });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function measure(clients: ReadonlyMap<string, Client>, megabytes: number, rounds: number, folder: string) {
  process.env.TMPDIR = folder;
  const scratch = mkdtempSync(join(folder, 's3-throughput-'));
  const server = await startS3();
  server.makeBucket('bench-bucket');
  const file = join(scratch, 'file');
  for (let i = 0; i < megabytes; i++) writeFileSync(file, randomBytes(MB), { flag: 'a' });
  const sha256 = await hashFile(file);
  const rates = new Map<string, number[]>();
  try {
    for (let round = 0; round < rounds; round++) {
      for (const direction of ['up', 'down'] as const) {
        for (const [name, client] of clients) {
          const start = performance.now();
          await client(direction, { endpoint: server.endpoint, file, sha256 });
          const rate = (megabytes / (performance.now() - start)) * 1000;
          const key = `${name} ${direction}`;
          rates.set(key, [...(rates.get(key) ?? []), rate]);
        }
      }
    }
  } finally {
    await server.stop();
    rmSync(scratch, { recursive: true });
  }
  return (name: string, direction: Direction) => median(rates.get(`${name} ${direction}`) ?? []);
}

async function main(megabytes: number, rounds: number, aws: string, folder: string): Promise<void> {
  const clients = new Map<string, Client>([
    ['awscli', awscli(aws)],
    ['this store, own process', storeProcess],
    ['this store, in the runner', storeHere],
  ]);
  const rate = await measure(clients, megabytes, rounds, folder);
  console.log(`${megabytes} MB, median of ${rounds}; ours verifies a SHA-256 both ways, awscli does not\n`);
  console.log('| client | up MB/s | down MB/s | x awscli up | x awscli down |\n| --- | ---: | ---: | ---: | ---: |');
  for (const name of clients.keys()) {
    const [up, down] = [rate(name, 'up'), rate(name, 'down')];
    const ratios = [up / rate('awscli', 'up'), down / rate('awscli', 'down')].map((ratio) => ratio.toFixed(2));
    console.log(`| ${name} | ${up.toFixed(0)} | ${down.toFixed(0)} | ${ratios.join(' | ')} |`);
  }
}

Object.assign(process.env, S3_KEYS);
const [first = '200', second = '3', third = 'aws', fourth = '/dev/shm', sha256 = ''] = process.argv.slice(2);
if (first === '--transfer') await transfer(second as Direction, third, fourth, sha256);
else await main(Number(first), Number(second), third, fourth);
