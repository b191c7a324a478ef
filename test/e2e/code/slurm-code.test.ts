import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '../../fixtures/cli.ts';
import { saidBy, versionFiles } from '../../fixtures/two-versions.ts';
import { addFiles, filesIn, workFolder } from '../../fixtures/work-folder.ts';
import { startSlurmCluster } from '../../stack/slurm/slurm-cluster.ts';

test('on Slurm a retry runs what was planned, and so do late tasks, with all files edited and then removed', async () => {
  const cluster = await startSlurmCluster({ profile: 'tuned', cpus: 2 });
  onTestFinished(() => cluster.stop());
  const folder = workFolder({ ...versionFiles('v1'), 'in/A.txt': 'fine' });
  addFiles(folder, { 'in/B.txt': join(folder, 'there') });
  const env = { ...cluster.environment, BATCH_PIPELINE_POLL_SECONDS: '1' };
  const command = async (code: number, ...args: string[]) => {
    const result = await runCli(args, { cwd: folder, env });
    expect(result.code, result.stderr).toBe(code);
    return result;
  };
  await command(1, 'run', './mine/pipeline.ts', '-s', 'in/*.txt', '--engine', 'slurm', '--watch');
  addFiles(folder, versionFiles('v2'));
  const retried = await command(1, 'retry', '--watch');
  expect(retried.stderr).toContain('v1 misses its file');
  expect(retried.stderr).toContain('edited since');
  addFiles(folder, { there: '' });
  rmSync(join(folder, 'mine'), { recursive: true });
  await command(0, 'retry', '--watch');
  const gathered = filesIn(folder, 'batch-pipeline-store/v1/versions/outputs/all/*/all.txt');
  expect(gathered.map((file) => readFileSync(join(folder, file), 'utf8'))).toContain(
    `A: ${saidBy('v1')}\nB: ${saidBy('v1')}\nall v1`,
  );
});
