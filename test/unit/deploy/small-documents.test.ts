import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { readDeployment } from '../../../src/ledger/deployment.ts';
import { readGcMark, refuseIfRemoved } from '../../../src/ledger/gc-mark.ts';
import { openFolderStore } from '../../../src/store/folder-store.ts';
import type { Store } from '../../../src/store/store.ts';

let store: Store;
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'small-documents-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  store = openFolderStore(folder);
});

const UNREADABLE = ['', '{"version": 1, "reg', '{"version": 1}'];

test.for(UNREADABLE)('an unreadable deployment document is reported as such, or absent: %j', async (content) => {
  await store.write('v1/deployment.json', content);
  await expect(readDeployment(store)).rejects.toMatchObject({ code: 'deployment-unreadable', exitCode: 2 });
  expect(await readDeployment(store, { ignoreUnreadable: true })).toBeUndefined();
});

test('a deployment document of a later version is reported as such, also before it would be rewritten', async () => {
  await store.write('v1/deployment.json', '{"version": 2, "region": "eu-west-1"}');
  await expect(readDeployment(store)).rejects.toMatchObject({ code: 'document-newer', exitCode: 3 });
  await expect(readDeployment(store, { ignoreUnreadable: true })).rejects.toMatchObject({ code: 'document-newer' });
});

test.for(UNREADABLE)('a mark of gc that cannot be read counts for a run that sees it appear: %j', async (content) => {
  const before = await readGcMark(store);
  await store.write('v1/gc.json', content);
  await expect(refuseIfRemoved(store, before)).rejects.toMatchObject({ code: 'gc-busy' });
  const there = await readGcMark(store);
  expect(there).toMatchObject({ atWork: false });
  await refuseIfRemoved(store, there);
});
