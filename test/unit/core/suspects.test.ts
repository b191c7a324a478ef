import { expect, test } from 'vitest';
import { makePlan } from '../../../src/plan/plan.ts';
import type { PlanSample } from '../../../src/record/manifest.ts';
import { suspects } from '../../../src/plan/suspects.ts';
import { chain } from './chain-pipeline.ts';
import { afterRun, request, running, textSample } from './plan-world.ts';

const before = afterRun(request(chain, [textSample('S1'), textSample('S2')]));
/** S1 has another time; S3 is new. */
const samples = [textSample('S1', 'touched'), textSample('S2'), textSample('S3')];

function found(of: readonly PlanSample[], more: Partial<typeof before> = {}): string[] {
  const asked = { ...before, samples: of, ...more };
  return suspects(makePlan(asked), of, asked.held).map(({ step, sample }) => `${step.name}/${sample}`);
}

test('are the tasks that succeeded before and of which only the inputs have changed', () => {
  expect(found(samples.slice(0, 2))).toEqual(['a/S1', 'b/S1', 'c/S1', 'gather/cohort']);
  expect(found([textSample('S2')])).toEqual(['gather/cohort']);
  expect(found([textSample('S1'), textSample('S2')])).toEqual([]);
  const identities = { ...before.identities, a: { code: 'edited', environment: 'tools 1' } };
  expect(found(samples.slice(0, 2), { identities })).toEqual(['b/S1', 'b/S2', 'c/S1', 'c/S2', 'gather/cohort']);
});

test('a file that counts as the earlier one for its step leaves nothing to do', () => {
  const [touched, ...others] = samples.slice(0, 2) as [PlanSample, PlanSample];
  const file = touched.files['txt']!;
  const asCounted = (step: string) => [
    { ...touched, files: { txt: { ...file, countsAs: { [step]: '1:e' } } } },
    ...others,
  ];
  const runs = (of: readonly PlanSample[]) => running(makePlan({ ...before, samples: of }), of);
  expect(runs(asCounted('a'))).toEqual([]);
  expect(runs(asCounted('b'))).toEqual(['a/S1', 'b/S1', 'c/S1', 'gather/cohort']);
});

test('so does a cohort step whose outputs are those of an earlier success', () => {
  const key = makePlan(before)[0]!.keys[0]!;
  const identities = { ...before.identities, before: { code: 'edited', environment: 'tools 1' } };
  const of = before.samples;
  expect(running(makePlan({ ...before, identities }), of)).toContain('b/S1');
  const asked = { ...before, identities, sameOutputs: { before: key } };
  expect(running(makePlan(asked), of)).toEqual([]);
});
