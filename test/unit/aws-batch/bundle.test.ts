import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { unzipSync } from 'fflate';
import { buildBundle } from '../../../src/deploy/bundle.ts';
import { buildCode } from '../../../src/deploy/user-code.ts';
import { type BuiltZip, publishZip } from '../../../src/deploy/zip.ts';
import { loadPipeline } from '../../../src/pipeline/load-pipeline.ts';
import { unpackCode } from '../../../src/runner/unpack-code.ts';
import { openFolderStore } from '../../../src/store/folder-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
afterAll(() => rmSync(folder, { recursive: true }));

const WORD_COUNT = join(import.meta.dirname, '../../../examples/word-count.ts');

async function bundleOf(source: string, options: { conductor?: boolean } = {}): Promise<BuiltZip> {
  const code = source.startsWith('builtin:') ? undefined : (await buildCode(await loadPipeline(source))).bytes;
  return buildBundle({ code, ...options });
}

describe('a bundle', () => {
  test.for(['builtin:fusion', WORD_COUNT])('of %s is the same every time, and small', async (source) => {
    const [first, second] = [await bundleOf(source), await bundleOf(source)];
    expect(second.sha256).toBe(first.sha256);
    expect(first.bytes.byteLength).toBeLessThan(3 * 1024 * 1024);
  });

  test('runs where nothing is installed, as a program', async () => {
    const place = join(folder, 'unpacked');
    mkdirSync(place);
    const { bytes } = await bundleOf(WORD_COUNT);
    writeFileSync(join(folder, 'bundle.zip'), bytes);
    unpackCode(bytes, place);
    expect(readdirSync(place)).toContain('runner.mjs');
    const { status, stderr } = spawnSync(join(place, 'runner.mjs'), {
      env: { PATH: process.env['PATH'] ?? '' },
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^batch-pipeline: BATCH_PIPELINE_STORE is not set \(.*\)\n$/),
    ]);
  });

  test('holds the program of a conductor, with the client of AWS Batch, only for a run that has one', async () => {
    const holdsBatch = async (conductor: boolean) =>
      Object.values(unzipSync((await bundleOf(WORD_COUNT, { conductor })).bytes)).some((file) =>
        Buffer.from(file).includes('RegisterJobDefinition'),
      );
    expect([await holdsBatch(true), await holdsBatch(false)]).toEqual([true, false]);
  });

  test('imports neither http nor https, which would load the client behind fetch in every container', async () => {
    const { bytes } = await bundleOf(WORD_COUNT);
    const imports = Object.values(unzipSync(bytes)).flatMap((file) =>
      [
        ...Buffer.from(file)
          .toString()
          .matchAll(/\bfrom\s*"(node:[a-z]+)"/g),
      ].map(([, module]) => module),
    );
    expect(imports).toContain('node:fs');
    expect(imports.filter((module) => /^node:https?$/.test(module ?? ''))).toEqual([]);
  });

  test('is a zip that other tools can unpack, with executable programs', async () => {
    writeFileSync(join(folder, 'other.zip'), (await bundleOf(WORD_COUNT)).bytes);
    const listing = execFileSync('python3', ['-m', 'zipfile', '-l', join(folder, 'other.zip')], { encoding: 'utf8' });
    expect(listing).toMatch(/runner\.mjs +1980-01-01 00:00:00/);
  });

  test('is published once, under its content', async () => {
    const store = openFolderStore(join(folder, 'store'));
    const built = await bundleOf(WORD_COUNT);
    const published = await publishZip(store, built);
    expect(published).toEqual({ location: `${store.url}/v1/bundles/${built.sha256}.zip`, sha256: built.sha256 });
    const before = await store.head(`v1/bundles/${built.sha256}.zip`);
    await publishZip(store, built);
    expect(await store.head(`v1/bundles/${built.sha256}.zip`)).toEqual(before);
  });

  test('that was damaged is written again, even if its size is the same', async () => {
    const store = openFolderStore(join(folder, 'damaged'));
    const bytes = Buffer.from('whole');
    const built = { bytes, sha256: 'a'.repeat(64) };
    await store.write(`v1/bundles/${built.sha256}.zip`, 'whale');
    await publishZip(store, built);
    expect(Buffer.from((await store.read(`v1/bundles/${built.sha256}.zip`)) ?? [])).toEqual(bytes);
  });
});
