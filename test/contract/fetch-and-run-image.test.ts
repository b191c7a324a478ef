import { execa } from 'execa';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleFetchAndRun } from '../../images/base/bundle.ts';
import { fusionImages } from '../fixtures/fusion-images.ts';
import { BUCKET, fetchAndRunLab, type FetchAndRunLab } from './fetch-and-run-fixture.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const STACK = join(ROOT, 'test/stack/aws');
const MINUTES = 60_000;

let lab: FetchAndRunLab;
let state: string;
let env: Record<string, string>;
/** Name to what podman calls it. */
let images: Record<string, string>;

beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), 'images-'));
  await execa(join(STACK, 'install.sh'), ['containers']);
  const { stdout } = await execa(join(STACK, 'containers.sh'), [state]);
  env = Object.fromEntries([...stdout.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]));
  images = Object.fromEntries((await fusionImages(env)).map(({ name, image }) => [name, image]));
  lab = await fetchAndRunLab();
}, 15 * MINUTES);
afterAll(async () => {
  await lab?.stop();
  rmSync(state, { recursive: true, force: true });
});

interface RunOptions {
  image?: string;
  variables?: Record<string, string>;
  podman?: string[];
}

/** Runs an image as AWS Batch does on EC2: with the host's network, the entrypoint of the image, and a command. */
function run(command: readonly string[], { image = 'base', variables = {}, podman = [] }: RunOptions = {}) {
  const keys = { AWS_ENDPOINT_URL_S3: lab.s3.endpoint, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'testtest' };
  const variableOptions = Object.entries({ ...keys, ...variables }).map(([name, value]) => `--env=${name}=${value}`);
  const options = ['--rm', '--interactive', '--network=host', '--log-driver=none', ...variableOptions, ...podman];
  return execa('podman', ['run', ...options, images[image] ?? '', ...command], { env, reject: false });
}

/** Runs lines of shell in an image, by way of Fetch & Run. */
function runScript(lines: string, args: readonly string[] = [], options: RunOptions = {}) {
  const key = `script-${createHash('sha256').update(lines).digest('hex')}`;
  lab.put(key, lines);
  const variables = { BATCH_FILE_TYPE: 'script', BATCH_FILE_S3_URL: `s3://${BUCKET}/${key}`, ...options.variables };
  return run(args, { ...options, variables });
}

describe('the base image', () => {
  test('fetches a script and runs it as a non-root user', async () => {
    const found = await runScript('#!/bin/bash\nid -un; id -u; echo "$PWD $HOME $LANG"; echo "<$1>"', ['a b']);
    expect(found).toMatchObject({
      exitCode: 0,
      stdout: 'pipeline\n1000\n/home/pipeline /home/pipeline C.UTF-8\n<a b>',
    });
  });

  test('fetches a zip and runs a Node program in it', async () => {
    const program =
      '#!/usr/bin/env node\nimport { value } from "./lib.mjs"; console.log(value, process.argv.slice(2));';
    await lab.putZip('node.zip', [
      { name: 'main.mjs', content: program },
      { name: 'lib.mjs', content: 'export const value = process.versions.node.split(".")[0];' },
    ]);
    const variables = { BATCH_FILE_TYPE: 'zip', BATCH_FILE_S3_URL: `s3://${BUCKET}/node.zip` };
    expect((await run(['main.mjs', 'x'], { variables })).stdout).toBe("24 [ 'x' ]");
  });

  test('passes on exit codes, its own and those of scripts', async () => {
    expect((await runScript('exit 42')).exitCode).toBe(42);
    expect(await run([])).toMatchObject({ exitCode: 2, stdout: '' });
    const variables = { BATCH_FILE_SHA256: '0'.repeat(64) };
    expect(await runScript('echo ran', [], { variables })).toMatchObject({ exitCode: 3, stdout: '' });
  });

  test('leaves nothing in its temporary folder', async () => {
    const found = await runScript('ls -A "$OLDTMP" | wc -l', [], { variables: { OLDTMP: '/home/pipeline' } });
    expect(found.exitCode).toBe(0);
    const folder = mkdtempSync(join(tmpdir(), 'container-tmp-'));
    await execa('chmod', ['0777', folder]);
    await runScript('ls /tmp', [], { podman: [`--volume=${folder}:/tmp`] });
    expect((await execa('ls', ['-A', folder])).stdout).toBe('');
    rmSync(folder, { recursive: true });
  });

  test('passes SIGTERM on to the script, as podman stop and AWS Batch send it', async () => {
    const name = `stop-${randomUUID()}`;
    const lines = "#!/bin/bash\ntrap 'echo bye; exit 7' TERM\necho up\nwhile :; do sleep 0.05; done";
    const running = runScript(lines, [], { podman: [`--name=${name}`] });
    running.stdout.once('data', () => void execa('podman', ['kill', '--signal=TERM', name], { env }));
    expect(await running).toMatchObject({ exitCode: 7, stdout: 'up\nbye' });
  });

  test('reaps what a script leaves behind', async () => {
    const lines =
      "#!/bin/bash\nfor i in 1 2 3; do (sleep 0.1 &) ; done; sleep 1; grep -l '^State:.Z' /proc/[0-9]*/status | wc -l";
    expect((await runScript(lines)).stdout).toBe('0');
  });

  test('works with a read-only root and with another user', async () => {
    const podman = ['--read-only', '--user=4321', '--tmpfs=/tmp:exec,mode=1777'];
    expect((await runScript('id -u', [], { podman })).stdout).toBe('4321');
  });

  test('is not rebuilt while nothing in its folder changes: the same sources give the same files', async () => {
    const folder = join(state, 'again');
    for (const file of await bundleFetchAndRun(folder))
      expect(readFileSync(file).equals(readFileSync(join(ROOT, 'dist/images/base', basename(file))))).toBe(true);
    expect((await fusionImages(env)).map((built) => built.state)).toEqual(['there', 'there', 'there', 'there']);
  });
});

describe(
  'the images of the tools, as the non-root user',
  () => {
    test.each([
      ['picard', 'java -jar /usr/share/java/picard.jar SamToFastq --version', 'Version:2.27.5'],
      ['picard', 'samtools --version | head -1', 'samtools 1.16.1'],
      ['kallisto', 'kallisto version', 'kallisto, version 0.48.0'],
      ['pizzly', 'pizzly --version-check OFF --version', 'pizzly version: 0.37.3'],
    ])('%s: %s', async (image, command, version) => {
      const found = await runScript(`${command} 2>&1; id -un`, [], { image });
      expect(found.stdout).toContain(version);
      expect(found.stdout).toMatch(/^pipeline$/m);
    });

    test('picard converts a BAM written by samtools to FASTQ', async () => {
      const lines = [
        '#!/bin/bash',
        'set -euo pipefail',
        'cd "$(mktemp -d)"',
        String.raw`printf '@SQ\tSN:c\tLN:9\nr\t77\t*\t0\t0\t*\t*\t0\t0\tACGT\tIIII\nr\t141\t*\t0\t0\t*\t*\t0\t0\tTTTT\tIIII\n' > a.sam`,
        'samtools view -b -o a.bam a.sam',
        'java -jar /usr/share/java/picard.jar SamToFastq I=a.bam F=1.fq F2=2.fq QUIET=true VERBOSITY=ERROR 2> /dev/null',
        'cat 1.fq 2.fq',
      ];
      const found = await runScript(lines.join('\n'), [], { image: 'picard' });
      expect(found.stdout).toBe('@r/1\nACGT\n+\nIIII\n@r/2\nTTTT\n+\nIIII');
    });

    test('kallisto can search for fusions', async () => {
      const lines = [
        '#!/bin/bash',
        'set -euo pipefail',
        'cd "$(mktemp -d)"',
        'seq() { tr -dc ACGT < /dev/urandom | head -c 300 || true; }',
        'printf ">t1\\n%s\\n>t2\\n%s\\n" "$(seq)" "$(seq)" > t.fa',
        'kallisto index -i t.idx t.fa 2> /dev/null',
        'read=$(sed -n 2p t.fa | cut -c1-75)',
        'mate=$(sed -n 2p t.fa | cut -c150-224 | rev | tr ACGT TGCA)',
        'quality=$(printf "I%.0s" {1..75})',
        'printf "@r\\n%s\\n+\\n%s\\n" "$read" "$quality" > 1.fq',
        'printf "@r\\n%s\\n+\\n%s\\n" "$mate" "$quality" > 2.fq',
        'kallisto quant --fusion -i t.idx -o out 1.fq 2.fq 2> /dev/null || true',
        'head -1 out/fusion.txt | cut -f1-3',
      ];
      const found = await runScript(lines.join('\n'), [], { image: 'kallisto' });
      expect(found.stdout).toBe('TYPE\tNAME1\tSEQ1');
    });
  },
  2 * MINUTES,
);
