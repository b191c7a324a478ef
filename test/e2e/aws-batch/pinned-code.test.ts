import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { saidBy, versionFiles } from '../../fixtures/two-versions.ts';
import { addFiles } from '../../fixtures/work-folder.ts';
import { openBatchLab } from './batch-lab.ts';

let stack: AwsStack;
beforeAll(() => {
  stack = startAwsStack();
}, 900_000);
afterAll(() => stack.stop());

test('on AWS Batch a retry runs what was planned, with all files edited, then removed, and its bundle lost', async () => {
  const lab = await openBatchLab(stack);
  const there = join(lab.folder, 'there');
  addFiles(lab.folder, versionFiles('v1'));
  const store = ['--store', lab.store];
  const command = async (code: number, ...args: string[]) => {
    const result = await lab.command(...args);
    expect(result.code, result.stderr).toBe(code);
    return result;
  };
  const images = ['work', 'all'].flatMap((step) => ['--image', `${step}=registry.test/${lab.bucket}:1`]);
  const place = ['--engine', 'aws-batch', '--queue', lab.bucket, ...store];
  await command(1, 'run', 'mine/pipeline.ts', ...place, ...images, ...lab.samples({ A: 'fine', B: there }), '--watch');
  addFiles(lab.folder, versionFiles('v2'));
  const retried = await command(1, 'retry', ...store, '--watch');
  expect(retried.stderr).toContain('v1 misses its file');
  expect(retried.stderr).toContain('edited since');

  writeFileSync(there, '');
  rmSync(join(lab.folder, 'mine'), { recursive: true });
  const manifestFile = join(stack.folder, 's3/data', lab.bucket, 'store/v1/runs/versions-1/manifest.json');
  const { bundle } = JSON.parse(readFileSync(manifestFile, 'utf8')) as { bundle: { sha256: string } };
  rmSync(join(stack.folder, 's3/data', lab.bucket, `store/v1/bundles/${bundle.sha256}.zip`));
  await command(0, 'retry', ...store, '--watch');
  await command(0, 'results', ...store, '--step', 'all', '--to', 'out');
  const all = globSync('out/**/all.txt', { cwd: lab.folder }).map((file) =>
    readFileSync(join(lab.folder, file), 'utf8'),
  );
  expect(all).toEqual([`A: ${saidBy('v1')}\nB: ${saidBy('v1')}\nall v1`]);
});
