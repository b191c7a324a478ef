import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FAILURE_CAUSES } from '../../../src/record/cause.ts';
import {
  failedKey,
  logKey,
  outputFolder,
  parseOutputKey,
  parseRecordKey,
  parseReferenceKey,
  parseRunIdKey,
  recordsPrefix,
  referenceKeys,
  runKeys,
  succeededKey,
  isSampleName,
} from '../../../src/record/keys.ts';
import { checkKey } from '../../../src/store/check-key.ts';

const HEX = 'a0b1c2d3e4'.repeat(4);
/** Names that look like what follows them in a key. */
const TRAPS = [
  'S1',
  'S.1',
  's-1.2_3',
  `S.${HEX}`,
  `S.${HEX}.run-1_0_1`,
  'S.succeeded.json',
  `9.${HEX}.failed-tool.json`,
  'S-0a1b',
];
const sample = fc.oneof(
  fc.constantFrom(...TRAPS),
  fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/).filter((name) => isSampleName(name)),
);
const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,31}$/);
const key = fc.stringMatching(/^[0-9a-f]{40}$/);
const task = fc.record({ pipeline: name, step: name, sample, key });
const run = fc.tuple(name, fc.integer({ min: 1, max: 999_999 })).map(([first, number]) => `${first}-${number}`);
const attempt = fc.record({ run, submission: fc.nat(999), attempt: fc.integer({ min: 1, max: 99 }) });

test('a success is read from its name', () => {
  fc.assert(
    fc.property(task, (ref) => {
      expect(parseRecordKey(succeededKey(ref))).toEqual({ sample: ref.sample, key: ref.key, state: 'succeeded' });
      expect(succeededKey(ref).startsWith(recordsPrefix(ref.pipeline, ref.step))).toBe(true);
    }),
  );
});

test('a failure is read from its name, with attempt and cause', () => {
  fc.assert(
    fc.property(task, attempt, fc.constantFrom(...FAILURE_CAUSES), (ref, id, cause) => {
      expect(parseRecordKey(failedKey(ref, id, cause))).toEqual({
        ...{ sample: ref.sample, key: ref.key, state: 'failed', cause, attempt: id },
      });
    }),
  );
});

test('an output is read from its key', () => {
  fc.assert(
    fc.property(task, fc.stringMatching(/^[0-9a-f]{16}$/), fc.stringMatching(/^[\w.-]{1,40}$/), (ref, print, file) => {
      const parsed = parseOutputKey(outputFolder(ref, print) + file);
      expect(parsed).toEqual({ task: `${ref.sample}.${ref.key}`, print, file });
    }),
  );
});

test('every key is valid in all stores: no segment longer than a file name may be', () => {
  const longest = { pipeline: 'p'.repeat(32), step: 's'.repeat(32), sample: 'x'.repeat(128), key: HEX };
  const id = { run: `${'r'.repeat(32)}-9999999`, submission: 9999, attempt: 99 };
  const keys = [
    succeededKey(longest),
    ...FAILURE_CAUSES.map((cause) => failedKey(longest, id, cause)),
    logKey(longest, id),
    `${outputFolder(longest, '0123456789abcdef')}file`,
    runKeys.samplePage(id.run, 0),
    runKeys.job(id.run, `${id.submission}-${longest.step}-9999-9999`),
  ];
  for (const one of keys) expect(() => checkKey(one)).not.toThrow();
});

test('other objects are not records, outputs, runs or references', () => {
  const strange = ['', 'v1/p/records/s/', 'v1/p/records/s/S1.json', `v1/p/records/s/.${HEX}.succeeded.json`, 'a/b-c'];
  for (const one of strange) expect([one, parseRecordKey(one)]).toEqual([one, undefined]);
  expect(parseOutputKey('file')).toBeUndefined();
  expect(parseRunIdKey('v1/run-ids/no-number-')).toBeUndefined();
  expect(parseRunIdKey('v1/runs/a-1/manifest.json')).toBeUndefined();
  expect(parseReferenceKey(referenceKeys.file('GRCh38', 'cdna.fa'))).toBeUndefined();
});

test('runs and references are read from their keys', () => {
  fc.assert(
    fc.property(run, (id) => {
      expect(parseRunIdKey(runKeys.claim(id))).toEqual({ run: id, number: Number(id.slice(id.lastIndexOf('-') + 1)) });
    }),
  );
  expect(parseReferenceKey(referenceKeys.manifest('GRCh38.104'))).toBe('GRCh38.104');
});
