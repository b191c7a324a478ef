import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Elsewhere } from '../../../src/engine/provider.ts';
import { restoreBundle } from '../../../src/run/restore-bundle.ts';
import { publishZip } from '../../../src/deploy/zip.ts';
import type { Manifest } from '../../../src/record/manifest.ts';
import { openFolderStore } from '../../../src/store/folder-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'restore-bundle-'));
afterAll(() => rmSync(folder, { recursive: true }));

const store = openFolderStore(join(folder, 'store'));
const made = (content: string) => ({ bytes: Buffer.from(content), sha256: hash('sha256', content) });
const key = (content: string) => `v1/bundles/${made(content).sha256}.zip`;

/** What a run whose bundle was `old` finds, where the pipeline of today makes `today`. */
function restore(today: string): Promise<void> {
  const elsewhere = { bundle: () => publishZip(store, made(today)) } as unknown as Elsewhere;
  const { sha256 } = made('old');
  return restoreBundle(
    store,
    { run: 'p-1', pipelineSource: 'builtin:fusion', bundle: { location: key('old'), sha256 } } as Manifest,
    elsewhere,
  );
}

test('an intact bundle stays, and none is created', async () => {
  await publishZip(store, made('old'));
  await restore('new');
  expect(await store.head(key('new'))).toBeUndefined();
});

test.for([undefined, 'odd'])('a missing or damaged one is recreated if the pipeline is the same: %s', async (left) => {
  const lose = () => (left === undefined ? store.remove([key('old')]) : store.write(key('old'), left));
  await lose();
  await restore('old');
  expect(Buffer.from((await store.read(key('old'))) ?? []).toString()).toBe('old');
  await lose();
  await expect(restore('new')).rejects.toMatchObject({ code: 'bundle-gone' });
});
