import { expect, test } from 'vitest';
import { heldStep } from '../../../src/record/held.ts';
import type { CodeNote, RecordName } from '../../../src/record/keys.ts';
import { partDigits, taskKey } from '../../../src/record/task-key.ts';
import { adoptCodes, noteAdopted } from '../../../src/run/adopt-codes.ts';
import { openStore } from '../../../src/store/open-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { workFolder } from '../../fixtures/work-folder.ts';

const PARTS = { environment: '', params: '', inputs: '' };

/** The digits of the code that a store with these results takes for the step `count`. */
async function adopted(store: Store, identity: { code: string; legacy?: string }, results: readonly string[]) {
  const records = results.map((code): RecordName => ({
    sample: 'A',
    key: taskKey({ ...PARTS, code }),
    state: 'succeeded',
  }));
  const held = new Map([['count', heldStep(records, [])]]);
  const { digits, notes } = await adoptCodes(store, 'words', { count: { ...identity, files: [] } }, held);
  return { digits: digits['count'], notes };
}

const folderStore = (): Promise<Store> => openStore(workFolder());
const note = (earlier: string, now: string): CodeNote => ({
  step: 'count',
  earlier: partDigits(earlier),
  now: partDigits(now),
});

test('results of the same code by an earlier build are adopted, and that is noted', async () => {
  const store = await folderStore();
  expect(await adopted(store, { code: 'new', legacy: 'old' }, ['old'])).toEqual({
    digits: partDigits('old'),
    notes: [note('old', 'new')],
  });
});

test('nothing is adopted from other code, by a step with a version, or if nothing is held', async () => {
  const store = await folderStore();
  const nothing = { digits: undefined, notes: [] };
  expect(await adopted(store, { code: 'new', legacy: 'old' }, ['other'])).toEqual(nothing);
  expect(await adopted(store, { code: 'new' }, ['old'])).toEqual(nothing);
  expect(await adopted(store, { code: 'new', legacy: 'old' }, [])).toEqual(nothing);
  expect(await adopted(store, { code: 'new', legacy: 'old' }, ['new'])).toEqual(nothing);
});

test('once noted, an edit of a comment in run keeps the results', async () => {
  const store = await folderStore();
  await noteAdopted(store, 'words', [note('old', 'new')]);
  expect(await adopted(store, { code: 'new', legacy: 'old // comment' }, ['old'])).toEqual({
    digits: partDigits('old'),
    notes: [],
  });
});

test('once noted, an edit that earlier builds did not detect has new keys', async () => {
  const store = await folderStore();
  await noteAdopted(store, 'words', [note('old', 'new')]);
  expect(await adopted(store, { code: 'helper edited', legacy: 'old' }, ['old'])).toEqual({
    digits: undefined,
    notes: [],
  });
});

test('if two notes give different code for the same digits, neither is adopted', async () => {
  const store = await folderStore();
  await noteAdopted(store, 'words', [note('old', 'new'), note('old', 'other')]);
  for (const code of ['new', 'other'])
    expect(await adopted(store, { code, legacy: 'old' }, ['old'])).toEqual({ digits: undefined, notes: [] });
});

test('notes of another step or pipeline do not count', async () => {
  const store = await folderStore();
  await noteAdopted(store, 'words', [{ ...note('old', 'other'), step: 'rank' }]);
  await noteAdopted(store, 'letters', [note('old', 'other')]);
  expect((await adopted(store, { code: 'new', legacy: 'old' }, ['old'])).digits).toBe(partDigits('old'));
});
