import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explain, reasonText } from '../../../src/plan/explain.ts';
import { heldStep, type OutputEntry, outputsPrint } from '../../../src/record/held.ts';
import type { RecordName } from '../../../src/record/keys.ts';
import { changedParts, KEY_PARTS, type KeyParts, taskKey } from '../../../src/record/task-key.ts';

const PARTS: KeyParts = { code: 'code', environment: 'tools', params: 'params', inputs: 'inputs' };
const KEY = taskKey(PARTS);

function reason(records: readonly RecordName[], outputs: readonly OutputEntry[] = []): string {
  return reasonText(explain(new Map([['step', heldStep(records, outputs)]]), 'step', 'S1', KEY));
}

function succeeded(parts: Partial<KeyParts> = {}): RecordName {
  return { sample: 'S1', key: taskKey({ ...PARTS, ...parts }), state: 'succeeded' };
}

function failed(cause: string, submission: number, attempt: number, key = KEY): RecordName {
  return { sample: 'S1', key, state: 'failed', cause, attempt: { run: 'run-1', submission, attempt } };
}

test('never run, or only for others', () => {
  expect(reason([])).toBe('never run');
  expect(reason([{ ...succeeded(), sample: 'S2' }])).toBe('never run');
  expect(reasonText(explain(new Map(), 'step', 'S1', KEY))).toBe('never run');
});

test('failed before, by the last failure of exactly this task', () => {
  expect(reason([failed('timeout', 0, 1)])).toBe('failed before (timeout)');
  expect(reason([failed('disk', 1, 2), failed('tool', 1, 10), failed('lost', 0, 11)])).toBe('failed before (tool)');
  expect(reason([failed('tool', 0, 1, taskKey({ ...PARTS, params: 'others' }))])).toBe('never run');
});

test('an output is missing, or has another size', () => {
  const print = outputsPrint([{ file: 'a', size: 1, sha256: 'x' }]);
  expect(reason([succeeded()])).toBe('its files were removed');
  expect(reason([succeeded()], [{ task: `S1.${KEY}`, print, file: 'a', size: 2 }])).toBe(
    'an output is missing or changed',
  );
});

test('changes are reported by part, against the nearest earlier key', () => {
  expect(reason([succeeded({ params: 'other' })])).toBe('params changed');
  expect(reason([succeeded({ environment: 'other' })])).toBe('tools changed');
  expect(reason([succeeded({ code: 'other', inputs: 'other' })])).toBe('code and inputs changed');
  expect(reason([succeeded({ code: 'other', inputs: 'other' }), succeeded({ inputs: 'other' })])).toBe(
    'inputs changed',
  );
});

test('two keys reveal exactly the parts that differ', () => {
  const parts = fc.record({ code: fc.string(), environment: fc.string(), params: fc.string(), inputs: fc.string() });
  fc.assert(
    fc.property(parts, parts, fc.subarray([...KEY_PARTS]), (before, other, changed) => {
      const after = { ...before, ...Object.fromEntries(changed.map((part) => [part, other[part]])) };
      const expected = KEY_PARTS.filter((part) => before[part] !== after[part]);
      expect(changedParts(taskKey(before), taskKey(after))).toEqual(expected);
      expect(taskKey(after)).toMatch(/^[0-9a-f]{40}$/);
    }),
  );
});
