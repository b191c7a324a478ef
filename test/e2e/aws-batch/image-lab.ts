import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AwsStack } from '../../contract/aws-batch-stack.ts';
import { type CliResult, runCli, startCli, type StartedCli } from '../../fixtures/cli.ts';
import { addFiles } from '../../fixtures/work-folder.ts';

const AWS = join(import.meta.dirname, '../../../.cache/aws-venv/bin/aws');
const BUILDERS = ['docker', 'podman', 'buildah'] as const;

let labs = 0;

/** A pipeline file with its own image folders, and builders that record how they are called. */
export interface ImageLab {
  folder: string;
  bucket: string;
  /** `s3://BUCKET/store` */
  store: string;
  /** Names of the two images of `pipeline.ts`. */
  images: [string, string];
  /** `batch-pipeline --store STORE ARGS…`; `images build` needs no store. */
  command(...args: string[]): Promise<CliResult>;
  commandWith(env: Readonly<Record<string, string>>, ...args: string[]): Promise<CliResult>;
  start(...args: string[]): StartedCli;
  /** What builders were asked since the last time: `podman build`, `docker push`… */
  takeCalls(): string[];
  /** Everything passed to builders, in arguments and variables. */
  told(): string;
  /** What the store's deployment has under `images` for the pipeline of the lab, by name, if there is one. */
  deployed(): Record<string, string> | undefined;
  /** Uploads that the registry has taken, of all labs. */
  uploads(): number;
  /** Answer of the AWS command line: a client that is not ours. */
  aws(...args: string[]): unknown;
  /** Folders with the registry's password that the command has left. */
  logins(): string[];
  /** Docker's settings of the user. */
  dockerConfig: string;
}

export function openImageLab(
  stack: AwsStack,
  { builders = BUILDERS }: { builders?: readonly string[] } = {},
): ImageLab {
  const bucket = `images-${(labs += 1)}`;
  const folder = mkdtempSync(join(stack.folder, 'images-'));
  stack.makeBucket(bucket);
  const images: [string, string] = [`one-${labs}`, `two-${labs}`];
  for (const image of images)
    addFiles(folder, { [`images/${image}/Dockerfile`]: 'FROM scratch\nARG WHO\nCOPY hello /hello\n' });
  for (const image of images) addFiles(folder, { [`images/${image}/hello`]: `${image} of ${folder}\n` });
  addFiles(folder, { 'pipeline.ts': pipelineText(images), 'docker/config.json': '{"auths":{}}\n' });
  const temp = join(folder, 'temp');
  mkdirSync(temp);
  const log = join(folder, 'builders.log');
  const environment: Record<string, string> = {
    ...stack.environment,
    BATCH_PIPELINE_BATCH_ENDPOINT: stack.endpoint,
    BATCH_PIPELINE_POLL_SECONDS: '0.2',
    // The stack's own has the registry's password already.
    DOCKER_CONFIG: join(folder, 'docker'),
    TMPDIR: temp,
    PATH: [
      notingBuilders(folder, log, stack, builders),
      dirname(process.execPath),
      '/usr/sbin:/usr/bin:/sbin:/bin',
    ].join(':'),
  };
  const store = `s3://${bucket}/store`;
  let seen = 0;
  const calls = () => [...read(log).matchAll(/^called: (\S+ \S+)/gm)].map(([, call = '']) => call);
  const commandWith: ImageLab['commandWith'] = (env, ...args) =>
    runCli([...(args[1] === 'build' ? [] : ['--store', store]), ...args], {
      cwd: folder,
      env: { ...environment, ...env },
    });
  return {
    ...{ folder, bucket, store, images, commandWith, dockerConfig: join(folder, 'docker/config.json') },
    command: (...args) => commandWith({}, ...args),
    start: (...args) => startCli(['--store', store, ...args], { cwd: folder, env: environment }),
    logins: () => readdirSync(temp).filter((name) => name.startsWith('batch-pipeline-login-')),
    takeCalls() {
      const all = calls();
      const fresh = all.slice(seen);
      seen = all.length;
      return fresh.filter((call) => / (build|push)$/.test(call));
    },
    told: () => read(log),
    deployed() {
      const text = read(join(stack.folder, 's3/data', bucket, 'store/v1/deployment.json'));
      if (text === '') return undefined;
      const { images: pushed } = JSON.parse(text) as { images: Record<string, string> };
      return Object.fromEntries(Object.entries(pushed).map(([key, uri]) => [key.replace(/^own\//, ''), uri]));
    },
    uploads: () => [...read(join(stack.folder, 'run/registry.log')).matchAll(/"PUT \/v2\//g)].length,
    aws: (...args) =>
      JSON.parse(
        execFileSync(AWS, args, { env: { ...process.env, ...stack.environment }, encoding: 'utf8' }) || 'null',
      ),
  };
}

/** A folder for PATH: each builder records its call, then runs the real one. Other builders are absent. */
function notingBuilders(folder: string, log: string, stack: AwsStack, builders: readonly string[]): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const real: Readonly<Record<string, string>> = { docker: stack.environment['DOCKER'] ?? '' };
  for (const name of BUILDERS) {
    const file = join(bin, name);
    const notes = `{ echo "called: ${name} $*"; env | sed 's/^/env: /'; } >> '${log}'`;
    const program = real[name] ?? `/usr/bin/${name}`;
    const text = builders.includes(name) ? `${notes}\nexec '${program}' "$@"` : `echo '${name} is broken' >&2\nexit 1`;
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
  }
  return bin;
}

function pipelineText([one, two]: [string, string]): string {
  return `import { definePipeline, defineSamples, defineStep } from 'batch-pipeline';

const samples = defineSamples({ txt: { file: 'Any text' } });
const common = { resources: { cpus: 1, memory: '100 MB', scratch: '1 MB', time: '5m' }, run: async () => undefined };
const inputs = { text: samples.txt };
const steps = [
  defineStep({ ...common, name: 'a', description: 'A', image: './images/${one}', inputs, outputs: { text: 'a' } }),
  defineStep({ ...common, name: 'b', description: 'B', image: './images/${two}', inputs, outputs: { text: 'b' } }),
];
export default definePipeline({ name: 'own', description: 'Of images', samples, steps });
`;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
