import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { compareCode, refuseOtherTools } from '../../../src/cli/planned-code.ts';
import { loadPipeline } from '../../../src/pipeline/load-pipeline.ts';
import type { Manifest } from '../../../src/record/manifest.ts';
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

  test('is retried where the steps that are to run are the same', async () => {
    await expect(compareCode(store, run, ['picard'])).resolves.toBeUndefined();
  });

  test('is refused where one is another, which is named', async () => {
    await expect(compareCode(store, run, ['picard', 'kallisto'])).rejects.toMatchObject({
      code: 'code-changed',
      message: 'Run fusion-1 was planned by version 0.0.9 of this program, and step kallisto was changed since',
      hint: expect.stringContaining('"batch-pipeline run" plans anew'),
    });
  });

  test('tells its code by the keys of its tasks where its manifest does not', async () => {
    const of = (digits: string | undefined) =>
      manifest(1, [{ name: 'reference', task: { key: `${digits}${'0'.repeat(30)}`, decision: 'run' } }]);
    await expect(compareCode(store, of(today['reference']), ['reference'])).resolves.toBeUndefined();
    await expect(compareCode(store, of(OTHER), ['reference'])).rejects.toMatchObject({ code: 'code-changed' });
  });

  test('is refused by a runner, too', () => {
    const code = { pipeline: fusion.pipeline, home: '/', codes: { picard: ['a', 'b'] } };
    for (const planned of ['a', 'b']) expect(() => refuseOtherCode(code, { step: 'picard', planned })).not.toThrow();
    expect(() => refuseOtherCode(code, { step: 'picard', planned: 'c' })).toThrow('The code of step picard');
    const { codes: _, ...kept } = code;
    expect(() => refuseOtherCode(kept, { step: 'picard', planned: 'c' })).not.toThrow();
  });
});

test('digits of builds up to 6220dab stand for the same code', () => {
  const [now = '', before = ''] = [digitsOf({ code: 'now', files: [] })[0], digitsOf({ code: 'before', files: [] })[0]];
  expect(digitsOf({ code: 'now', legacy: 'before', files: [] })).toEqual([now, before]);
});

test('tools are compared where no image holds them', async () => {
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
});
