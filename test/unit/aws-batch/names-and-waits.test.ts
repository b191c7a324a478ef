import { describe, expect, test } from 'vitest';
import { commonStart, jobsByName } from '../../../src/engine/aws-batch/submit-once.ts';
import { Waits } from '../../../src/engine/patience.ts';

test('names of a run share a prefix', () => {
  expect(commonStart(['fusion-7-ab-0-picard', 'fusion-7-ab-0-kallisto'])).toBe('fusion-7-ab-0-');
  expect(commonStart(['one'])).toBe('one');
  expect(commonStart(['a', 'b'])).toBe('');
});

test('nothing is queried for no names', async () => {
  expect([...(await jobsByName(undefined as never, 'mixed', []))]).toEqual([]);
});

describe('waits', () => {
  test('end at their limit', async () => {
    const waits = new Waits({ totalMs: 0, signal: new AbortController().signal });
    const answers = [];
    for (let i = 0; i < 20; i++) answers.push(await waits.wait());
    expect(answers).toContain(false);
  });

  test('end on abort', async () => {
    const closing = new AbortController();
    const waits = new Waits({ totalMs: 100_000, signal: closing.signal });
    closing.abort();
    await expect(waits.wait(() => 100)).rejects.toThrow(/aborted/);
  });
});
