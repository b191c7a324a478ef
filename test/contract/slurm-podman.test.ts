import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importImage, podmanFiles } from '../stack/slurm/podman.ts';
import { startSlurmCluster, type SlurmCluster } from '../stack/slurm/slurm-cluster.ts';
import { openLab, until } from './slurm-harness.ts';

/** A cluster on which podman has an image that holds a shell and no more. */
let cluster: SlurmCluster;
let prologue: string[];

const STACK = join(import.meta.dirname, '../stack/slurm');
const IMAGE = 'localhost/tiny:1';

beforeAll(async () => {
  execFileSync(join(STACK, 'install-podman.sh'));
  cluster = await startSlurmCluster({ cpus: 8, memory: 8000 });
  const files = podmanFiles(cluster.home);
  prologue = Object.entries(files).map(([name, path]) => `export ${name}='${path}'`);
  importImage(IMAGE, { home: cluster.home, env: { ...cluster.environment, ...files } });
}, 600_000);
afterAll(() => cluster.stop());

test('podman runs an image with its variables and folders, and passes on exit code and signals', async () => {
  const folder = join(cluster.home, 'my data');
  mkdirSync(folder);
  const script = `
    trap 'echo term >"$OUT/$BATCH_PIPELINE_INDEX.term"; exit 3' TERM
    echo "$ODD" >"$OUT/$BATCH_PIPELINE_INDEX.$BATCH_PIPELINE_TRY"
    case $BATCH_PIPELINE_INDEX in
      0) exit 0 ;;
      1) [ "$BATCH_PIPELINE_TRY" = 2 ] || exit 75 ;;
      2) exit 17 ;;
      3) sleep 600 & wait ;;
    esac`;
  const container = { runtime: 'podman', images: { 'images/x': IMAGE }, binds: [folder] } as const;
  const lab = openLab(cluster, {
    runnerCommand: ['/bin/sh', '-c', script],
    // runc cannot run without a cgroup of its own.
    prologue: [...prologue, 'podman() { command podman "${@/--cgroups=disabled/--cgroups=enabled}"; }'],
    container,
  });
  const odd = `a 'b' "c"\n$d`;
  const job = lab.job('A', 4, {}, { image: 'images/x', attempts: 2, environment: { OUT: folder, ODD: odd } });
  const a = await lab.engine.submit(job, []);
  await until(
    () => lab.engine.poll([a]),
    ([status]) => status?.counts.running === 1 && status.counts.succeeded === 2,
  );
  await until(
    () => existsSync(join(folder, '3.1')),
    (listens) => listens,
  );
  await lab.engine.cancel([a], 'the test is over');
  expect(readFileSync(join(folder, '0.1'), 'utf8')).toBe(`${odd}\n`);
  expect(readFileSync(join(folder, '1.2'), 'utf8')).toBe(`${odd}\n`);
  expect(readFileSync(join(folder, '3.term'), 'utf8')).toBe('term\n');
  expect((await lab.engine.verdicts(a, [0, 1, 2, 3])).map(({ index, cause }) => [index, cause])).toEqual([
    [2, 'tool'],
    [3, 'cancelled'],
  ]);
});
