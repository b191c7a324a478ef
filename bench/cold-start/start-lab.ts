import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureBuilt } from '../../scripts/ensure-built.ts';
import { buildBundle } from '../../src/deploy/bundle.ts';
import { buildCode } from '../../src/deploy/user-code.ts';
import { publishZip } from '../../src/deploy/zip.ts';
import { createLocalEngine } from '../../src/engine/local/local-engine.ts';
import { loadPipeline } from '../../src/pipeline/load-pipeline.ts';
import { engineJob } from '../../src/run/engine-job.ts';
import { prepareRun } from '../../src/run/prepare.ts';
import { writeRun } from '../../src/run/write-run.ts';
import { createLocator, openStore } from '../../src/store/open-store.ts';
import { S3_KEYS, startS3 } from '../../test/stack/s3/start-s3.ts';
import { type CountingProxy, startProxy } from '../../test/faults/aws-batch/counting-proxy.ts';
import { type Measured, measureBeside } from '../measure.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const STACK = join(ROOT, 'test/stack/aws');
const BUCKET = 'cold-start';
const IMAGE = 'batch-pipeline/base';

/** One container start with its time stamps (ms since the epoch). */
export interface Started extends Measured {
  startedAt: number;
  /** Start of each Node process and of the tool; and `….mjs:cpu`, the processor time in ms of each Node process. */
  marks: ReadonlyMap<string, number>;
  /** Time of each response of the S3 server. */
  requests: { at: number; method: string; url: string }[];
}

export interface StartLab {
  /** URL of the bundle, for a plain client. */
  bundleUrl: string;
  /** Environment with which the image's entrypoint runs the first step of one of the samples. */
  task(index: number): Record<string, string>;
  /** `podman run` of the base image, beside the S3 server. */
  start(options: readonly string[], command: readonly string[], variables?: Record<string, string>): Promise<Started>;
  stop(): Promise<void>;
}

/** The base image, and an S3 server with a run of the no-op pipeline for this many samples, with its bundle. */
export async function openStartLab(samples: number): Promise<StartLab> {
  const home = mkdtempSync(join(tmpdir(), 'cold-start-'));
  const shared = join(home, 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  copyFileSync(join(import.meta.dirname, 'mark.cjs'), join(shared, 'mark.cjs'));
  writeFileSync(join(shared, 'tool'), '#!/bin/sh\necho "$(date +%s%3N) tool" >> /bench/marks\nexec cp "$@"\n');
  chmodSync(join(shared, 'tool'), 0o755);
  const environment = await buildImage(home);
  const server = await startS3();
  server.makeBucket(BUCKET);
  let requests: Started['requests'] = [];
  const proxy = await startProxy(server.endpoint, ({ method = '', url = '' }) => {
    requests.push({ at: Date.now(), method, url });
    return true;
  });
  const { bundleUrl, task } = await writeTasks(home, proxy, samples);
  return {
    ...{ bundleUrl: `${proxy.endpoint}/${bundleUrl.slice('s3://'.length)}`, task },
    async start(options, command, variables = {}) {
      writeFileSync(join(shared, 'marks'), '');
      chmodSync(join(shared, 'marks'), 0o666);
      requests = [];
      const given = { ...S3_KEYS, AWS_ENDPOINT_URL_S3: proxy.endpoint, STEP: '/bench/tool', ...variables };
      const flags = Object.entries(given).map(([name, value]) => `--env=${name}=${value}`);
      const run = ['run', '--rm', '--network=host', '--log-driver=none', `--volume=${shared}:/bench`, ...flags];
      const startedAt = Date.now();
      const measured = await measureBeside(['podman', ...run, ...options, IMAGE, ...command], {
        cwd: home,
        environment,
      });
      if (measured.exitCode !== 0) throw new Error(measured.output);
      const lines = readFileSync(join(shared, 'marks'), 'utf8').trim().split('\n');
      const marks = new Map(lines.map((line) => [line.split(' ')[1] ?? '', Number(line.split(' ')[0])]));
      return { ...measured, startedAt, marks, requests };
    },
    async stop() {
      await proxy.close();
      await server.stop();
      rmSync(home, { recursive: true });
    },
  };
}

/** Returns the environment in which podman has the image. */
async function buildImage(home: string): Promise<Record<string, string>> {
  execFileSync(join(STACK, 'install.sh'), ['containers'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exports = execFileSync(join(STACK, 'containers.sh'), [home], { encoding: 'utf8' });
  const pairs = [...exports.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name = '', value = '']) => [name, value]);
  const environment = Object.fromEntries(pairs) as Record<string, string>;
  ensureBuilt();
  const build = ['build', '--quiet', '--tag', IMAGE, join(ROOT, 'dist/images/base')];
  execFileSync('podman', build, { env: { ...process.env, ...environment }, stdio: ['ignore', 'ignore', 'inherit'] });
  return environment;
}

async function writeTasks(home: string, proxy: CountingProxy, samples: number) {
  Object.assign(process.env, S3_KEYS);
  const options = { s3: { endpoint: proxy.endpoint } };
  const store = await openStore(`s3://${BUCKET}/store`, options);
  const source = join(ROOT, 'bench/noop/pipeline.ts');
  const loaded = await loadPipeline(source);
  const rows = Array.from({ length: samples }, (_, i) => ({ name: `S${i}`, cells: { txt: inputUrl(i) }, where: '' }));
  const inputs = await openStore(`s3://${BUCKET}`, options);
  for (const i of rows.keys()) await inputs.write(inputUrl(i).slice(`s3://${BUCKET}/`.length), `S${i}\n`);
  // Used for planning; the containers are the runners.
  const engine = createLocalEngine({
    capacity: { cpus: 1, memoryMiB: 1000 },
    ...{ runnerModule: '', environment: {}, scratchRoot: home },
  });
  const prepared = await prepareRun({
    ...{ loaded, rows, params: { unused: '' }, references: {}, environments: {}, store, engine },
    overrides: {},
    locate: createLocator(options),
  });
  const bundle = await publishZip(store, await buildBundle({ code: (await buildCode(loaded)).bytes }));
  const identity = { run: 'noop-1', nonce: '00000000', programVersion: '0', createdAt: new Date().toISOString() };
  const manifest = await writeRun(prepared, { ...identity, bundle });
  const first = prepared.jobs.find(({ step }) => step === 'a');
  if (!first) throw new Error('The plan has no job for the first step');
  const { environment } = engineJob(store, manifest, first);
  const task = (index: number) => ({ ...environment, BATCH_PIPELINE_INDEX: String(index) });
  return { bundleUrl: bundle.location, task };
}

function inputUrl(index: number): string {
  return `s3://${BUCKET}/in/S${index}.txt`;
}
