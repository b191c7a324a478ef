import { expect, test } from 'vitest';
import { runKeys } from '../../../src/record/keys.ts';
import { openRunDocuments } from '../../../src/runner/run-documents.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { workFolder } from '../../fixtures/work-folder.ts';

test('a document that could not be read once is read again, and kept from then on', async () => {
  const store = await openStore(workFolder());
  const documents = openRunDocuments(store);
  await expect(documents.job('mine-1', '0-a')).rejects.toThrow('0-a');
  const resources = { cpus: 1, memoryMiB: 100, scratchMiB: 10, timeLimitSeconds: 60 };
  const job = {
    version: 1,
    job: '0-a',
    step: 'a',
    submission: 0,
    size: 1,
    rank: 1,
    samples: [],
    resources,
    dependsOn: [],
  };
  await store.write(runKeys.job('mine-1', '0-a'), JSON.stringify(job));
  expect(await documents.job('mine-1', '0-a')).toEqual(job);
  await store.remove([runKeys.job('mine-1', '0-a')]);
  expect(await documents.job('mine-1', '0-a')).toEqual(job);
});
