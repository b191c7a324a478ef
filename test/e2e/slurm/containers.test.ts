import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/record/manifest.ts';
import { type CliResult, runCli } from '../../fixtures/cli.ts';
import { told } from '../../fixtures/told.ts';
import { addFiles, filesIn, LETTERS, workFolder } from '../../fixtures/work-folder.ts';
import { importImage, podmanFiles } from '../../stack/slurm/podman.ts';
import { type SlurmCluster, startSlurmCluster } from '../../stack/slurm/slurm-cluster.ts';

const IMAGE = 'localhost/lab:1';
/** In an image /bin/sh is a busybox, and outside it is not. */
const PIPELINE = `
import { existsSync, realpathSync, writeFileSync } from 'node:fs';
import { definePipeline, defineSamples, defineStep } from 'batch-pipeline';
const samples = defineSamples({ txt: { file: 'A text' } });
const resources = { cpus: 1, memory: '300 MB', scratch: '1 MB', time: '5m' };
const where = () => (realpathSync('/bin/sh').endsWith('busybox') ? 'inside' : 'outside');
const one = defineStep({
  name: 'one', description: 'Where it runs', inputs: { text: samples.txt }, outputs: { where: '{sample}.one' }, resources,
  image: 'images/lab',
  async run({ outputs }) { writeFileSync(outputs.where, where()); },
});
const two = defineStep({
  name: 'two', description: 'Needs a file', inputs: { where: one.outputs.where, text: samples.txt },
  outputs: { where: '{sample}.two' }, resources,
  async run({ inputs, outputs, sample }) {
    if (sample === 'b' && !existsSync(FLAG)) throw new Error('not yet');
    writeFileSync(outputs.where, where());
  },
});
export default definePipeline({ name: 'contained', description: 'In images', samples, steps: [one, two] });
`;

let cluster: SlurmCluster;
let path: string;

beforeAll(async () => {
  execFileSync(join(import.meta.dirname, '../../stack/slurm/install-podman.sh'));
  cluster = await startSlurmCluster({ cpus: 4, memory: 8000 });
  const files = podmanFiles(cluster.home);
  importImage(IMAGE, {
    home: cluster.home,
    env: { ...cluster.environment, ...files },
    programs: [process.execPath],
  });
  path = `${podmanShim(cluster.home, files)}:${cluster.environment['PATH']}`;
}, 600_000);
afterAll(() => cluster.stop());

/** The real one, with its settings; runc requires its own cgroup. */
function podmanShim(home: string, files: Readonly<Record<string, string>>): string {
  const bin = join(home, 'bin');
  const podman = execFileSync('/bin/sh', ['-c', 'command -v podman'], { encoding: 'utf8' }).trim();
  const settings = Object.entries(files).map(([name, file]) => `export ${name}='${file}'`);
  const replaced = 'args=("${@/#--cgroups=disabled/--cgroups=enabled}")';
  mkdirSync(bin, { recursive: true });
  writeFileSync(
    join(bin, 'podman'),
    ['#!/bin/bash', ...settings, replaced, `exec ${podman} "\${args[@]}"`, ''].join('\n'),
  );
  chmodSync(join(bin, 'podman'), 0o755);
  return bin;
}

function folderWith(): { cwd: string; command: (...args: string[]) => Promise<CliResult> } {
  const cwd = workFolder({ 'in/a.txt': 'a\n', 'in/b.txt': 'b\n' });
  addFiles(cwd, { 'p.ts': PIPELINE.replace('FLAG', JSON.stringify(join(cwd, 'in/flag'))) });
  const env = { ...cluster.environment, PATH: path, BATCH_PIPELINE_POLL_SECONDS: '1' };
  return { cwd, command: (...args) => runCli(args, { cwd, env }) };
}

const SAMPLES = ['--samples', 'in/*.txt', '--engine', 'slurm'] as const;
const IMAGES = ['--container', 'podman', '--image', `images/lab=${IMAGE}`, '--image', `two=${IMAGE}`] as const;

describe('--container and --image on Slurm', () => {
  test('run every step in its image, which the manifest names, also when it is retried', async () => {
    const { cwd, command } = folderWith();
    const ran = await command('run', 'p.ts', ...SAMPLES, ...IMAGES, '--bind', '.', '--watch');
    expect(ran.code, ran.stderr).toBe(1);
    expect(ran.stderr).toContain('not yet');
    const manifest = JSON.parse(
      readFileSync(join(cwd, 'batch-pipeline-store/v1/runs/contained-1/manifest.json'), 'utf8'),
    ) as Manifest;
    expect(manifest.steps.map(({ name, image }) => [name, image])).toEqual([
      ['one', IMAGE],
      ['two', IMAGE],
    ]);
    addFiles(cwd, { 'in/flag': '' });
    const retried = await command('retry', '--watch');
    expect(retried.code, retried.stderr).toBe(0);
    const outputs = filesIn(join(cwd, 'batch-pipeline-store/v1/contained/outputs'));
    expect(outputs).toHaveLength(4);
    for (const name of outputs)
      expect(readFileSync(join(cwd, 'batch-pipeline-store/v1/contained/outputs', name), 'utf8'), name).toBe('inside');
    const again = await command('plan', 'p.ts', ...SAMPLES, ...IMAGES, '--bind', '.');
    expect(again.stdout).toContain('everything is up to date');
    // The tools of this machine are another environment than the image.
    expect((await command('plan', 'p.ts', ...SAMPLES)).stdout).toContain('tools changed');
  });

  test('are refused if a step would run without an image, or nothing would use them', async () => {
    const { cwd, command } = folderWith();
    const plan = async (...flags: string[]) => told(await command('plan', 'p.ts', ...SAMPLES, ...flags), cwd);
    expect(await plan('--container', 'podman')).toMatchInlineSnapshot(`
      "exit 2
      error: --container: Step one has no image that can run here: the pipeline builds images/lab itself
        -> Name one: --image images/lab=/path/to/image.sif
      error: --container: Step two has no image that can run here
        -> Name one: --image two=/path/to/image.sif"
    `);
    expect(await plan('--container', 'podman', '--image', `lab=${IMAGE}`)).toMatchInlineSnapshot(`
      "exit 2
      error: --container: Step two has no image that can run here
        -> Name one: --image two=/path/to/image.sif"
    `);
    expect(await plan('--image', `images/lab=${IMAGE}`)).toMatchInlineSnapshot(`
      "exit 2
      error: --image: --image is for containers, but --container is missing
        -> Add --container with one of apptainer, singularity, podman, or leave out --image."
    `);
    expect(await plan(...IMAGES, '--image', 'labb=x')).toMatchInlineSnapshot(`
      "exit 2
      error: --image: No step of contained is called "labb", or runs in an image of that name
        -> Did you mean "lab"? Names: one, images/lab, lab, two."
    `);
    expect(await plan(...IMAGES)).toMatchInlineSnapshot(`
      "exit 3
      step  run  up to date  not needed
      one   2    0           0
      two   2    0           0

      Why
        one  never run  a, b
        two  never run  a, b

      Jobs
        0-one-0-0  array of 2  1 cpu, 300 MB, 5 min
        0-two-0-0  array of 2  1 cpu, 300 MB, 5 min  after 0-one-0-0 (N_TO_N)
      error: Containers cannot see <folder>/in/a.txt and 1 more file
        -> Make the folder visible: --bind <folder>/in"
    `);
    expect(filesIn(cwd, 'batch-pipeline-store/**')).toEqual([]);
    const local = await command('plan', LETTERS, '--samples', 'in/*.txt', '--image', 'sorted=x');
    expect(told(local, cwd)).toMatchInlineSnapshot(`
      "exit 2
      error: --image: The local engine has no use for --image
        -> Omit --image, or choose another --engine."
    `);
  });
});
