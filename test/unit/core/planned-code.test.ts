import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { editedSteps, refuseOtherTools } from '../../../src/run/planned-code.ts';
import { loadPipeline } from '../../../src/pipeline/load-pipeline.ts';
import type { Step } from '../../../src/pipeline/step.ts';
import type { Manifest } from '../../../src/record/manifest.ts';
import { plannedTools } from '../../../src/runner/planned-tools.ts';
import { digitsOf, refuseOtherCode } from '../../../src/runner/run-code.ts';
import { openFolderStore } from '../../../src/store/folder-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'planned-code-'));
afterAll(() => rmSync(folder, { recursive: true }));

const store = openFolderStore(folder);
const fusion = await loadPipeline('fusion');
const today = Object.fromEntries(
  Object.entries(await fusion.identities()).map(([step, identity]) => [step, digitsOf(identity)[0] ?? '']),
);
const OTHER = '0123456789';

function manifest(version: 1 | 2, steps: Partial<Manifest['steps'][number]>[]): Manifest {
  const run = { version, run: 'fusion-1', programVersion: '0.0.9', pipelineSource: 'builtin:fusion', pages: [] };
  return { ...run, steps: steps.map((step) => ({ toolVersions: {}, ...step })) } as unknown as Manifest;
}

describe('a run of the built-in pipeline by another version of this program', () => {
  const run = manifest(2, [
    { name: 'picard', code: today['picard'] },
    { name: 'kallisto', code: OTHER },
  ]);

  test('is retried if the steps to run are the same', async () => {
    await expect(editedSteps(store, run, ['picard'])).resolves.toEqual([]);
  });

  test('is refused if a step differs, which is named', async () => {
    await expect(editedSteps(store, run, ['picard', 'kallisto'])).rejects.toMatchObject({
      code: 'code-changed',
      message: 'Run fusion-1 was planned by version 0.0.9 of this program, and step kallisto was changed since',
      hint: expect.stringContaining('"batch-pipeline run" makes a new plan'),
    });
  });

  test('has its code derived from its task keys if its manifest lacks it', async () => {
    const of = (digits: string | undefined) =>
      manifest(1, [{ name: 'reference', task: { key: `${digits}${'0'.repeat(30)}`, decision: 'run' } }]);
    await expect(editedSteps(store, of(today['reference']), ['reference'])).resolves.toEqual([]);
    await expect(editedSteps(store, of(OTHER), ['reference'])).rejects.toMatchObject({ code: 'code-changed' });
  });

  test('is refused by a runner, too', () => {
    const code = { pipeline: fusion.pipeline, home: '/', codes: { picard: ['a', 'b'] } };
    for (const planned of ['a', 'b']) expect(() => refuseOtherCode(code, { step: 'picard', planned })).not.toThrow();
    expect(() => refuseOtherCode(code, { step: 'picard', planned: 'c' })).toThrow('The code of step picard');
    const { codes: _, ...kept } = code;
    expect(() => refuseOtherCode(kept, { step: 'picard', planned: 'c' })).not.toThrow();
  });
});

test('digits of builds up to 6220dab identify the same code', () => {
  const [now = '', before = ''] = [digitsOf({ code: 'now', files: [] })[0], digitsOf({ code: 'before', files: [] })[0]];
  expect(digitsOf({ code: 'now', legacy: 'before', files: [] })).toEqual([now, before]);
});

test('tools outside images are compared', async () => {
  const asked: string[][] = [];
  const here = async ({ steps }: typeof fusion.pipeline) => {
    asked.push(steps.map(({ name }) => name));
    return Object.fromEntries(steps.map(({ name }) => [name, { toolVersions: { tool: '2' } }]));
  };
  const planned = (step: Partial<Manifest['steps'][number]>) => manifest(2, [{ name: 'picard', ...step }]);
  const picard = { ...fusion.pipeline, steps: fusion.pipeline.steps.filter(({ name }) => name === 'picard') };
  await refuseOtherTools(planned({ image: 'picard@sha256:1', toolVersions: { tool: '1' } }), picard, here);
  expect(asked).toEqual([]);
  await refuseOtherTools(planned({ toolVersions: { tool: '2' } }), picard, here);
  await expect(refuseOtherTools(planned({ toolVersions: { tool: '1' } }), picard, here)).rejects.toMatchObject({
    code: 'tool-changed',
    message: 'tool is 2 here, and was 1 when run fusion-1 was planned',
  });
  await refuseOtherTools(planned({ toolVersions: { tool: 'unknown' } }), picard, here);
  const silent = async () => ({ picard: { toolVersions: { tool: 'unknown' } } });
  await refuseOtherTools(planned({ toolVersions: { tool: '1' } }), picard, silent);
});

describe('a runner that compares a tool with the plan', () => {
  const bin = join(folder, 'bin');
  const step = {
    name: 'count',
    tools: [{ name: 'counter', commands: [['counter']], version: { args: ['--version'], pattern: /counter (\S+)/ } }],
  } as unknown as Step;
  const run = manifest(2, [{ name: 'count', toolVersions: { counter: '1' } }]);
  const install = (script: string) => {
    mkdirSync(bin, { recursive: true });
    // Another size each time, so that no version is remembered.
    const padding = '#'.repeat((installs += 1));
    writeFileSync(join(bin, 'counter'), `#!/bin/sh\n${script}\n${padding}\n`, { mode: 0o755 });
  };
  const other = { code: 'tool-changed', message: expect.stringContaining('counter is 2 here, and was 1') };
  let installs = 0;

  test('continues if the tool does not print its version, and asks again for the next task', async () => {
    const check = plannedTools(bin);
    install('exit 1');
    await check(step, run);
    install('echo counter 2');
    await expect(check(step, run)).rejects.toMatchObject(other);
  });

  test('asks twice before it continues', async () => {
    install(`mkdir ${join(folder, 'asked')} 2>/dev/null || echo counter 2`);
    await expect(plannedTools(bin)(step, run)).rejects.toMatchObject(other);
  });

  test('refuses only as long as the tool differs', async () => {
    const check = plannedTools(bin);
    rmSync(bin, { recursive: true, force: true });
    await expect(check(step, run)).rejects.toMatchObject({
      message: 'counter is not installed here, and was 1 when run fusion-1 was planned',
    });
    install('echo counter 1');
    await check(step, run);
    install('echo counter 2');
    // What has been found right is not looked at again.
    await check(step, run);
  });
});
