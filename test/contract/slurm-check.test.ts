import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TaskResources } from '../../src/engine/engine.ts';
import type { SlurmOptions } from '../../src/engine/slurm/options.ts';
import { startSlurmCluster, type SlurmCluster } from '../stack/slurm/slurm-cluster.ts';
import { openLab } from './slurm-harness.ts';

let cluster: SlurmCluster;

beforeAll(async () => {
  const partitions = [
    'PartitionName=short Nodes=ALL MaxTime=10 State=UP',
    'PartitionName=closed Nodes=ALL MaxTime=INFINITE State=DOWN',
  ];
  cluster = await startSlurmCluster({ cpus: 4, memory: 8000, partitions });
}, 600_000);
afterAll(() => cluster.stop());

const MODEST: TaskResources = { cpus: 2, memoryMiB: 4000, scratchMiB: 1, timeLimitSeconds: 3600 };

async function check(resources: Partial<TaskResources>, options: Partial<SlurmOptions> = {}, image?: string) {
  const lab = openLab(cluster, options);
  const findings = await lab.engine.check([{ step: 'A', resources: { ...MODEST, ...resources }, image }]);
  const lines = findings.map(({ level, subject, message, hint }) => [level, subject, message, hint ?? '']);
  const text = lines.map((line) => line.join(' | ').replaceAll(lab.folder, 'LAB'));
  // What is said of the cluster itself is the same for all; the first test looks at it.
  return text.filter((line) => !/^ok \| (Slurm|array jobs|accounting|log folder)/.test(line));
}

test('a cluster that has what a step needs', async () => {
  const findings = await openLab(cluster).engine.check([]);
  expect(findings.map(({ level, subject, message }) => [level, subject, message])).toEqual([
    ['ok', 'Slurm', expect.stringMatching(/^Slurm \d+\.\d+[\w.-]*, cluster lab$/)],
    ['ok', 'array jobs', 'up to 10001 tasks each, 100000 tasks of all users at a time'],
    [
      ...['ok', 'accounting'],
      'none: Slurm forgets a job 3600 s after its end; after that only its records show its outcome',
    ],
    ['ok', 'log folder', expect.stringMatching(/logs is writable here; compute nodes must see it, too$/)],
  ]);
  expect(await check({})).toMatchInlineSnapshot(`
    [
      "ok | needs of step A | 2 CPUs, 4000 MiB, 60 min: 1 node of the default partition can do that | ",
    ]
  `);
  expect(await cluster.command('squeue', '--noheader')).toBe('');
});

test('a step that needs more than any node has', async () => {
  expect(await check({ cpus: 64 })).toMatchInlineSnapshot(`
    [
      "error | needs of step A | 64 CPUs, 4000 MiB, 60 min: no node of the default partition has that; it has 4 CPUs, 8000 MiB, no time limit | Ask for less in this step, or name another partition for it.",
    ]
  `);
});

test('a step that needs more time than its partition gives', async () => {
  expect(await check({}, { partition: 'short' })).toMatchInlineSnapshot(`
    [
      "error | needs of step A | 2 CPUs, 4000 MiB, 60 min: no node of partition short has that; it has 4 CPUs, 8000 MiB, 10 min | Ask for less in this step, or name another partition for it.",
    ]
  `);
});

test('partitions that do not exist or accept no jobs', async () => {
  expect(await check({}, { partition: 'gpu' })).toMatchInlineSnapshot(`
    [
      "error | needs of step A | There is no partition gpu | There are: main, short, closed",
    ]
  `);
  expect(await check({}, { partition: 'closed' })).toMatchInlineSnapshot(`
    [
      "warning | needs of step A | No node of partition closed that fits takes jobs now: the partition is down | Jobs would wait. \`sinfo -R\` tells why.",
    ]
  `);
});

test('a constraint that no node meets, which only Slurm can detect', async () => {
  expect(await check({}, { constraint: 'avx512' })).toMatchInlineSnapshot(`
    [
      "ok | needs of step A | 2 CPUs, 4000 MiB, 60 min: 1 node of the default partition can do that | ",
      "error | sbatch for step A | allocation failure: Invalid feature specification | See the features of nodes with \`sinfo --Format=NodeList,Features\`.",
    ]
  `);
});

test('an image that the site lacks', async () => {
  const container = { runtime: 'apptainer', images: { 'lab/picard': '/nowhere/picard.sif' } } as const;
  expect(await check({}, { container }, 'lab/picard')).toMatchInlineSnapshot(`
    [
      "ok | needs of step A | 2 CPUs, 4000 MiB, 60 min: 1 node of the default partition can do that | ",
      "error | image of step A | ENOENT: no such file or directory, access '/nowhere/picard.sif' | Name the image that this site has.",
    ]
  `);
  const lab = openLab(cluster);
  const image = join(lab.folder, 'picard.sif');
  writeFileSync(image, '');
  const there = { ...container, images: { 'lab/picard': image } };
  expect(await check({}, { container: there }, 'lab/picard')).toContain(`ok | image of step A | ${image} | `);
});

test('a log folder that cannot be created', async () => {
  expect(await check({}, { logFolder: '/dev/null/logs' })).toMatchInlineSnapshot(`
    [
      "error | log folder | ENOTDIR: not a directory, mkdir '/dev/null/logs' | Name a folder that login and compute nodes share.",
      "ok | needs of step A | 2 CPUs, 4000 MiB, 60 min: 1 node of the default partition can do that | ",
    ]
  `);
});

test('a machine without Slurm', async () => {
  const environment = { PATH: '/nowhere' };
  expect(await check({}, { environment })).toMatchInlineSnapshot(
    `
    [
      "error | Slurm | There is no sinfo on PATH | Run this on a login node of the cluster, or load the site's Slurm module first.",
    ]
  `,
  );
  const lab = openLab(cluster, { environment });
  await expect(lab.engine.limits()).rejects.toMatchObject({ code: 'slurm-missing', exitCode: 3 });
});

test('an immediate refusal by Slurm is an error in its own words, with the step', async () => {
  const lab = openLab(cluster, { partition: 'gpu' });
  await expect(lab.engine.submit(lab.job('A', 2), [])).rejects.toMatchObject({
    code: 'slurm-refused',
    message:
      'sbatch says: invalid partition specified: gpu; Batch job submission failed: Invalid partition name specified',
    where: 'step A',
    hint: 'See the partitions with `sinfo`, and name one with the partition option.',
  });
});

test('a held job is reported as stuck, with the command that releases it', async () => {
  const lab = openLab(cluster);
  const jobId = await lab.engine.submit(lab.job('A', 2, {}, { resources: { ...MODEST, cpus: 1 } }), []);
  await cluster.command('scontrol', 'hold', jobId);
  const [status] = await lab.engine.poll([jobId]);
  expect(status?.stuck).toBe(`JobHeldAdmin: It is held. Release it with \`scontrol release ${jobId}\`.`);
  await lab.engine.cancel([jobId], 'the test is over');
});
