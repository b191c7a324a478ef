import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type AttemptRecord, readRecord } from '../../src/record/attempt-record.ts';
import { noise } from '../../src/testing/store/store-helpers.ts';
import { exits, runCli } from '../fixtures/cli.ts';
import { until, untilThere } from '../fixtures/until.ts';
import { PIPELINES, workFolder } from '../fixtures/work-folder.ts';
import { type FaultProxy, startFaultProxy } from '../stack/s3/fault-proxy.ts';
import { S3_KEYS } from '../stack/s3/start-s3.ts';
import { useS3 } from '../stack/s3/use-s3.ts';

const SAMPLES = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6'];
const GENOME_BYTES = 1_000_000;
/** For the local engine: as many runner processes at once. */
const CPUS = ['--cpus', String(SAMPLES.length)];

const s3 = useS3();
let proxy: FaultProxy;
beforeAll(async () => {
  proxy = await startFaultProxy(s3.server.port);
});
afterAll(() => proxy.stop());
beforeEach(() => {
  proxy.seen.splice(0);
  proxy.decide(() => 'pass');
});

/** A store with inputs beside it, and the command that runs six samples on it. */
function lab() {
  const cwd = workFolder();
  const url = s3.newUrl();
  const inputs = join(s3.server.folder, url.slice('s3://'.length), 'in');
  mkdirSync(inputs, { recursive: true });
  writeFileSync(join(inputs, 'genome.fa'), noise(GENOME_BYTES));
  for (const sample of SAMPLES) writeFileSync(join(inputs, `${sample}.txt`), `text of ${sample}\n`);
  const flags = ['--inputs', `${url}/in`, '--reference-file', `genome=${url}/in/genome.fa`];
  const env = { ...S3_KEYS, BATCH_PIPELINE_S3_ENDPOINT: proxy.endpoint };
  return {
    cwd,
    env,
    /** Another store below the same folder with each name. */
    args: (store: string, samples = SAMPLES) => [
      'run',
      join(PIPELINES, 'shared-reference.ts'),
      '--samples',
      samples.join(','),
      ...flags,
      '--store',
      `${url}/${store}`,
      ...CPUS,
    ],
    write: (name: string, text: string) => writeFileSync(join(inputs, name), text),
    records: (store: string) =>
      recordsIn(join(s3.server.folder, url.slice('s3://'.length), store, 'v1/shared-reference')),
    gets: (name: string) =>
      proxy.seen.filter(({ method, url: path }) => method === 'GET' && path.includes(name)).length,
  };
}

/** Success records by `step/sample`. */
function recordsIn(folder: string): Record<string, AttemptRecord> {
  const found = globSync('records/*/*.succeeded.json', { cwd: folder }).map((name) =>
    readRecord(name, readFileSync(join(folder, name))),
  );
  return Object.fromEntries(found.flatMap((record) => (record ? [[`${record.step}/${record.sample}`, record]] : [])));
}

/** What tells nothing of how it came there. */
function bytesOf(records: Record<string, AttemptRecord>): Record<string, unknown> {
  const files = ({ inputs, outputs }: AttemptRecord) =>
    [...inputs, ...outputs].map(({ name, size, sha256 }) => ({ name, size, sha256 }));
  return Object.fromEntries(Object.entries(records).map(([task, record]) => [task, files(record)]));
}

function cachedInputs(records: Record<string, AttemptRecord>, input: string): string[] {
  return Object.entries(records)
    .filter(([, { inputs }]) => inputs.some(({ name, cached }) => name === input && cached))
    .map(([task]) => task);
}

test('six runners at once fetch each shared input once, and stage the same bytes as without a cache', async () => {
  const { cwd, env, args, records, gets } = lab();
  await exits(0, args('plain'), { cwd, env });
  expect([gets('genome.fa'), gets('genome.idx')]).toEqual([7, 6]);
  proxy.seen.splice(0);
  const cache = workFolder();
  await exits(0, args('cached'), { cwd, env: { ...env, BATCH_PIPELINE_CACHE: cache } });
  expect([gets('genome.fa'), gets('genome.idx')]).toEqual([1, 1]);

  const [plain, cached] = [records('plain'), records('cached')];
  expect(Object.keys(plain)).toHaveLength(7);
  expect(bytesOf(cached)).toEqual(bytesOf(plain));
  expect([cachedInputs(plain, 'genome'), cachedInputs(plain, 'index')]).toEqual([[], []]);
  // The step that makes the index was the first to want the reference; one of the samples was the first to want the index.
  expect(cachedInputs(cached, 'genome').toSorted()).toEqual(SAMPLES.map((sample) => `align/${sample}`));
  expect(cachedInputs(cached, 'index')).toHaveLength(5);
  expect(cachedInputs(cached, 'text')).toEqual([]);
  const bytesIn = (all: Record<string, AttemptRecord>) =>
    Object.values(all).reduce((sum, record) => sum + record.bytesIn, 0);
  expect(bytesIn(plain) - bytesIn(cached)).toBe(11 * GENOME_BYTES);
});

test('a runner that is killed while it fetches does not affect others', async () => {
  const { cwd, env, args, records } = lab();
  await exits(0, args('plain'), { cwd, env });
  const cache = workFolder();
  let held = 0;
  proxy.decide(({ method, url }) => (method === 'GET' && url.includes('genome.idx') && held++ === 0 ? 'hold' : 'pass'));
  const run = runCli(args('killed'), { cwd, env: { ...env, BATCH_PIPELINE_CACHE: cache } });
  await until(() => held > 0);
  process.kill(fetcherIn(cache), 'SIGKILL');
  expect((await run).code).toBe(0);
  expect(bytesOf(records('killed'))).toEqual(bytesOf(records('plain')));
  expect(globSync('references/incoming/*', { cwd: cache })).toEqual([]);
});

test('a task that evicts shared inputs does not affect one that uses them', async () => {
  const { cwd, env, args, write, records } = lab();
  const cached = { cwd, env: { ...env, BATCH_PIPELINE_CACHE: workFolder() } };
  const flag = join(cwd, 'flag');
  write('S1.txt', `await ${flag}\n`);
  const first = exits(0, args('store', ['S1']), cached);
  await untilThere(`${flag}.here`);
  await exits(0, args('store', ['S2']), cached).finally(() => writeFileSync(flag, ''));
  await first;
  const found = records('store');
  expect(Object.keys(found).toSorted()).toEqual(['align/S1', 'align/S2', 'index/cohort']);
  expect(cachedInputs(found, 'index')).toEqual(['align/S2']);
});

test('an unusable cache is reported once in the log, and nothing is lost', async () => {
  const { cwd, env, args, records } = lab();
  await exits(0, args('plain'), { cwd, env });
  await exits(0, args('without'), { cwd, env: { ...env, BATCH_PIPELINE_CACHE: join(cwd, 'absent') } });
  expect(bytesOf(records('without'))).toEqual(bytesOf(records('plain')));
  const store = args('without')[args('without').indexOf('--store') + 1] ?? '';
  const log = await exits(0, ['logs', 'S1', 'align', '--store', store], { cwd, env });
  expect(log.stdout.match(/staged without the reference cache/g)).toHaveLength(1);
});

/** The runner for which a lock of this cache is held exclusively: the parent of its flock(1). */
function fetcherIn(cache: string): number {
  const lines = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).split('\n');
  const processes = lines.map((line) => line.trim().split(/\s+/));
  const holding = new Set(processes.flatMap(([, parent, name]) => (name === 'cat' ? [parent] : [])));
  const holder = processes.find(
    ([pid, , name, , path]) =>
      name === 'flock' && path?.startsWith(cache) && path.endsWith('.fetch') && holding.has(pid),
  );
  return Number(holder?.[1]);
}
