import { hash } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, describe, expect, test } from 'vitest';
import { buildCode } from '../../../src/deploy/user-code.ts';
import { type LoadedPipeline, loadPipeline } from '../../../src/pipeline/load-pipeline.ts';
import { versionFiles } from '../../fixtures/two-versions.ts';
import { addFiles } from '../../fixtures/work-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'user-code-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LETTERS = join(import.meta.dirname, '../../fixtures/pipelines/letters.ts');

/** A pipeline as if this file had been loaded for it: the real hooks see no module under vitest. */
async function as(path: string, changes: Partial<LoadedPipeline> = {}): Promise<LoadedPipeline> {
  return { ...(await loadPipeline(LETTERS)), source: path, identities: async () => ({}), ...changes };
}

function write(name: string, text: string): string {
  addFiles(folder, { [name]: text });
  return join(folder, name);
}

/** The files of a zip as text. */
async function filesOf(loaded: LoadedPipeline): Promise<Record<string, string>> {
  const entries = Object.entries(unzipSync((await buildCode(loaded)).bytes));
  return Object.fromEntries(entries.map(([name, content]) => [name, strFromU8(content)]));
}

describe('the code of a run', () => {
  test('is the same wherever the files are, and different with another helper', async () => {
    addFiles(folder, versionFiles('v1'));
    cpSync(join(folder, 'mine'), join(folder, 'moved/mine'), { recursive: true });
    const built = async (place: string) => (await buildCode(await as(join(folder, place, 'mine/pipeline.ts')))).sha256;
    const before = await built('.');
    expect(await built('moved')).toBe(before);
    addFiles(folder, { 'moved/mine/helper.ts': versionFiles('v2')['mine/helper.ts'] ?? '' });
    expect(await built('moved')).not.toBe(before);
  });

  test('contains declared files at their place relative to the pipeline, also above it', async () => {
    const path = write('deep/down/pipeline.ts', 'export default 1;');
    const file = (name: string, place: string) => {
      write(place, name);
      return { name, path: join(folder, place), sha256: hash('sha256', name), size: name.length };
    };
    const files = [file('./count.R', 'deep/down/count.R'), file('../tables/x.tsv', 'deep/tables/x.tsv')];
    const found = await filesOf(await as(path, { identities: async () => ({ sorted: { code: '', files } }) }));
    expect(found).toMatchObject({ 'down/count.R': './count.R', 'tables/x.tsv': '../tables/x.tsv' });
    expect(found['pipeline.mjs']).toContain('home = "down"');
  });

  test('is refused if a module or a declared file differs from what was loaded', async () => {
    const path = write('edited.ts', 'export default 1;');
    const refusal = { code: 'pipeline-changed', where: path };
    await expect(
      buildCode(await as(path, { modules: [{ path, sha256: hash('sha256', 'export default 0;') }] })),
    ).rejects.toMatchObject(refusal);
    const loaded = await as(path, { modules: [{ path, sha256: hash('sha256', 'export default 1;') }] });
    await expect(buildCode(loaded)).resolves.toBeDefined();
    const files = [{ name: './edited.ts', path, sha256: hash('sha256', 'before'), size: 6 }];
    await expect(
      buildCode({ ...loaded, identities: async () => ({ sorted: { code: '', files } }) }),
    ).rejects.toMatchObject(refusal);
  });

  test('is refused if the version of a library, or JSON imported later, has changed', async () => {
    const step = `import { definePipeline, defineSamples, defineStep } from 'batch-pipeline';
import { left } from 'left';
const samples = defineSamples({ txt: { file: 'text' } });
const one = defineStep({
  name: 'one', description: 'd', inputs: { text: samples.txt }, outputs: { out: '{sample}.out' },
  resources: { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '5m' },
  async run() { console.log(left, await import('./later.json', { with: { type: 'json' } })); },
});
export default definePipeline({ name: 'p', description: 'd', samples, steps: [one] });
`;
    const version = (of: string) => write('later/node_modules/left/package.json', `{"name":"left","version":"${of}"}`);
    const library = version('1.0.0');
    write('later/node_modules/left/index.js', 'exports.left = 7;');
    const json = write('later/later.json', '1');
    const loaded = await loadPipeline(write('later/pipeline.ts', step));
    await loaded.identities();
    await expect(buildCode(loaded)).resolves.toBeDefined();
    version('1.0.1');
    await expect(buildCode(loaded)).rejects.toMatchObject({ code: 'pipeline-changed', where: library });
    version('1.0.0');
    write('later/later.json', '2');
    await expect(buildCode(loaded)).rejects.toMatchObject({ code: 'pipeline-changed', where: json });
    rmSync(json);
    await expect(buildCode(loaded)).rejects.toMatchObject({
      code: expect.stringMatching(/pipeline-changed|bundle-failed/),
    });
  });

  test('gives every module its path in the unpacked code', async () => {
    write('places/lib/helper.ts', 'export const mine: string = import.meta.filename;');
    write('places/lib/old.cjs', 'module.exports = __dirname;');
    const path = write(
      'places/pipeline.ts',
      "import { mine } from './lib/helper.ts';\nimport old from './lib/old.cjs';\nexport default [mine, old, import.meta.url];",
    );
    const unpacked = join(folder, 'places/unpacked');
    for (const [name, text] of Object.entries(await filesOf(await as(path)))) addFiles(unpacked, { [name]: text });
    const module = (await import(join(unpacked, 'pipeline.mjs'))) as { default: unknown };
    expect(module.default).toEqual([
      join(unpacked, 'lib/helper.ts'),
      join(unpacked, 'lib'),
      `file://${join(unpacked, 'pipeline.ts')}`,
    ]);
  });

  test('of a pipeline that cannot be bundled fails with place and reason', async () => {
    const broken = write('broken.ts', "import { nothing } from './nowhere.ts';\nexport default nothing;\n");
    await expect(buildCode(await as(broken))).rejects.toMatchObject({
      code: 'bundle-failed',
      message: expect.stringContaining('Could not resolve "./nowhere.ts"'),
      where: expect.stringMatching(/broken\.ts:1:25$/),
    });
  });

  test('provides this package, and bundles others', async () => {
    write('libraries/node_modules/left/index.js', 'exports.left = 7;');
    const path = write(
      'libraries/pipeline.ts',
      "import { z } from 'batch-pipeline';\nimport { left } from 'left';\nexport default [z, left];",
    );
    const text = (await filesOf(await as(path)))['pipeline.mjs'] ?? '';
    expect(text).toContain('from "batch-pipeline"');
    expect(text).toContain('exports.left = 7');
  });
});
