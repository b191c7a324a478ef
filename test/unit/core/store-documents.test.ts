import { expect, test } from 'vitest';
import { type InputNote, readInputNote, writeInputNotes } from '../../../src/ledger/store-documents.ts';
import { openFolderStore } from '../../../src/store/folder-store.ts';
import { workFolder } from '../../fixtures/work-folder.ts';

test('a note keeps what another pipeline has found about the same content, and nothing about other content', async () => {
  const store = openFolderStore(workFolder());
  const file = { location: 'file:///in/S1.txt', size: 4, etag: 'e' };
  const note = (sha256: string, countsAs: InputNote['countsAs']): InputNote => ({
    ...{ version: 1, ...file, sha256, countsAs },
  });
  await writeInputNotes(store, [note('one', { sorted: '4:a', marked: '4:a' })]);
  await writeInputNotes(store, [note('one', { marked: '4:b', counted: '4:c' })]);
  expect((await readInputNote(store, file))?.countsAs).toEqual({ sorted: '4:a', marked: '4:b', counted: '4:c' });
  await writeInputNotes(store, [note('two', { counted: '4:d' })]);
  expect((await readInputNote(store, file))?.countsAs).toEqual({ counted: '4:d' });
});
