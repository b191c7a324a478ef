import { describe, expect, test } from 'vitest';
import { EXIT_RULES } from '../../../src/engine/aws-batch/submit-request.ts';
import type { ExitRule } from '../../../src/engine/aws-batch/batch-types.ts';

/** API_EvaluateOnExit.html: what a pattern may be made of. */
const ALLOWED = { onExitCode: /^\d*\*?$/, onReason: /^[\w.: \t]*\*?$/, onStatusReason: /^[\w.: \t]*\*?$/ } as const;
const CONDITIONS = Object.keys(ALLOWED) as (keyof typeof ALLOWED)[];

/** As Batch decides: the first rule that fits, and another try where none does. */
function decide(end: Partial<Record<(typeof CONDITIONS)[number], string>>): 'RETRY' | 'EXIT' {
  const fits = (rule: ExitRule) =>
    CONDITIONS.every((name) => rule[name] === undefined || matches(rule[name], end[name] ?? ''));
  return EXIT_RULES.find(fits)?.action ?? 'RETRY';
}

function matches(pattern: string, text: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}

test('the rules are valid for Batch', () => {
  expect(EXIT_RULES.length).toBeLessThanOrEqual(5);
  for (const rule of EXIT_RULES) for (const name of CONDITIONS) expect(rule[name] ?? '').toMatch(ALLOWED[name]);
});

describe('another attempt is made', () => {
  test.for([
    ['for a machine that Spot took', { onStatusReason: 'Host EC2 (instance i-0abc) terminated.' }],
    [
      'for an image that could not be pulled',
      { onReason: 'CannotPullContainerError: 429', onStatusReason: 'Task failed to start' },
    ],
    ['for a container that could not start', { onReason: 'CannotStartContainerError: x', onExitCode: '127' }],
    ['for a docker daemon that hangs', { onReason: 'DockerTimeoutError: Could not transition to started' }],
    [
      'where the runner says that it may pass',
      { onExitCode: '75', onStatusReason: 'Essential container in task exited' },
    ],
  ] as const)('%s', ([, end]) => expect(decide(end)).toBe('RETRY'));
});

describe('no further attempt is made', () => {
  const exited = 'Essential container in task exited';
  test.for([
    ['for the error of a tool', { onExitCode: '1', onStatusReason: exited }],
    ['for a lack of memory', { onExitCode: '137', onReason: 'OutOfMemoryError: Container killed due to memory usage' }],
    ['for a wrong bundle', { onExitCode: '3', onStatusReason: exited }],
    ['for an exit code that only starts with 75', { onExitCode: '7', onStatusReason: exited }],
    ['where nothing is known', {}],
  ] as const)('%s', ([, end]) => expect(decide(end)).toBe('EXIT'));
});
