import { posix } from 'node:path';
import { isGather, upstreamSteps } from '../pipeline/pipeline.ts';
import type { Step } from '../pipeline/step.ts';
import { makePlan, type Plan, type PlanRequest, type StepPlan } from '../plan/plan.ts';
import { COHORT } from '../record/keys.ts';
import { suspects, type UserFile } from '../plan/suspects.ts';
import type { Store } from '../store/store.ts';
import type { InputNote } from '../ledger/store-documents.ts';
import { earlierRecord } from './earlier-inputs.ts';

/** An input that is another one by its time or its maker, and the same by its content. */
export interface SameInput {
  /** Column, reference or step. */
  name: string;
  kind: UserFile['kind'] | 'output';
  /** `undefined` for what all samples share. */
  sample?: string;
}

export interface Settled {
  request: PlanRequest;
  plan: Plan;
  /** What was found out by reading files; `run` writes it down. */
  notes: InputNote[];
  same: SameInput[];
}

/** Earlier successes of one step that are looked at. */
const RECORDS_READ = 10;

/**
 * Where a step that all samples share was made anew, by another version or from other files, and came out with the very
 * same bytes: what reads it need not run again. Of several such successes the one that spares most counts.
 * @param settle compares what the samples have of their own
 */
export async function sameOutputs(
  ofCohort: Settled,
  store: Store,
  settle: (settled: Settled) => Promise<Settled>,
): Promise<Settled> {
  let from = ofCohort;
  let best = await settle(from);
  for (const { step } of ofCohort.plan.filter((entry) => entry.step.scope === 'cohort' && !isGather(entry.step))) {
    const before = from;
    const { keys, decisions } = before.plan.find((entry) => entry.step === step) as StepPlan;
    // What is not there yet may come out otherwise.
    if (decisions[0] !== 'up-to-date' || !isAwaited(best, step)) continue;
    for (const other of await equalSuccesses(before, store, step.name, keys[0] ?? '')) {
      const request = { ...before.request, sameOutputs: { ...before.request.sameOutputs, [step.name]: other } };
      const same: SameInput[] = [...before.same, { name: step.name, kind: 'output' }];
      const trial = { ...before, request, plan: makePlan(request), same };
      const settled = await settle(trial);
      if (upToDate(settled.plan) > upToDate(best.plan)) [from, best] = [trial, settled];
    }
  }
  return best;
}

/** True if tasks that read it would run, and may have succeeded with an earlier one. */
function isAwaited({ plan, request }: Settled, { name }: Step): boolean {
  return suspects(plan, request.samples, request.held).some(({ step }) => upstreamSteps(step).includes(name));
}

function upToDate(plan: Plan): number {
  return plan.reduce((sum, { decisions }) => sum + decisions.filter((one) => one === 'up-to-date').length, 0);
}

/** Keys of the step's other successes whose outputs are the same by checksum. */
async function equalSuccesses({ request }: Settled, store: Store, step: string, key: string): Promise<string[]> {
  const succeeded = request.held.get(step)?.samples.get(COHORT)?.succeeded ?? [];
  const others = succeeded.filter((other) => other !== key).slice(-RECORDS_READ);
  if (others.length === 0) return [];
  const contentOf = async (of: string): Promise<string | undefined> => {
    const ref = { pipeline: request.pipeline.name, step, sample: COHORT, key: of };
    const outputs = (await earlierRecord(store, ref))?.outputs ?? [];
    const complete = outputs.length > 0 && outputs.every(({ sha256 }) => sha256 !== undefined);
    return complete
      ? outputs
          // A step that reads it may go by the file's name.
          .map(({ name, location, sha256 }) => `${name} ${posix.basename(location)} ${sha256}`)
          .toSorted()
          .join('\n')
      : undefined;
  };
  const content = await contentOf(key);
  const same: string[] = [];
  for (const other of others) if (content !== undefined && (await contentOf(other)) === content) same.push(other);
  return same;
}
