import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gatherIdentity, gatherKey, identityLines, paramLines, taskKey } from '../../../src/record/task-key.ts';

/** Without the two characters that separate. */
const word = fc.string().filter((text) => !/[\0\n]/.test(text));
const identities = fc.dictionary(word, word, { noNullPrototype: true });

function shuffled<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).toReversed());
}

test('keys never change: stores hold millions of them', () => {
  const inputs = identityLines({ bam: '100:abc', sex: 'f' });
  const params = paramLines({ k: 31, strict: true, name: 'x' });
  expect(taskKey({ code: 'run', environment: 'tool 1.0', params, inputs })).toMatchInlineSnapshot(
    `"acba25512128ee030a58f86b939ab2477d7adfdd"`,
  );
});

test('the order in which identities and params come does not matter', () => {
  fc.assert(
    fc.property(identities, (some) => {
      expect(identityLines(shuffled(some))).toBe(identityLines(some));
      expect(paramLines(shuffled(some))).toBe(paramLines(some));
    }),
  );
});

test('different identities have different lines', () => {
  fc.assert(
    fc.property(identities, identities, (one, other) => {
      expect(identityLines(one) === identityLines(other)).toBe(isDeepStrictEqual(one, other));
    }),
  );
});

test('params of different types differ', () => {
  expect(paramLines({ k: 31 })).not.toBe(paramLines({ k: '31' }));
  expect(paramLines({ k: undefined })).not.toBe(paramLines({ k: 'undefined' }));
  expect(paramLines({ k: [1, 2] })).not.toBe(paramLines({ k: '1,2' }));
});

test('a gather depends on every sample, its place and its key', () => {
  const members = [
    { sample: 'S1', identity: 'a' },
    { sample: 'S2', identity: 'b' },
  ];
  const variants = [
    members,
    members.toReversed(),
    members.slice(1),
    [...members, { sample: 'S3', identity: '' }],
    [{ sample: 'S1', identity: 'b' }, members[1]!],
  ];
  expect(new Set(variants.map((all) => gatherIdentity(all))).size).toBe(variants.length);
});

test('a gather without one sample never passes for the whole cohort, or for one without another sample', () => {
  const key = taskKey({ code: '', environment: '', params: '', inputs: '' });
  const missing = (sample: string, cause: 'tool' | 'not-run') => [{ sample, step: 'pizzly', cause }];
  const keys = [
    gatherKey(key, []),
    gatherKey(key, missing('S1', 'tool')),
    gatherKey(key, missing('S2', 'tool')),
    gatherKey(key, missing('S1', 'not-run')),
    gatherKey(key, [...missing('S1', 'tool'), ...missing('S2', 'tool')]),
  ];
  expect(keys[0]).toBe(key);
  expect(new Set(keys).size).toBe(keys.length);
  for (const other of keys) expect(other).toMatch(new RegExp(`^${key.slice(0, 30)}[0-9a-f]{10}$`));
});
