import { describe, test } from 'vitest';
import { afterwardsPromises } from './engine/afterwards-promises.ts';
import { dependencyPromises } from './engine/dependency-promises.ts';
import { failurePromises } from './engine/failure-promises.ts';
import { type EngineHarness, type EngineLab, openLab } from './engine/engine-lab.ts';
import { statusPromises } from './engine/status-promises.ts';

export type { EngineHarness } from './engine/engine-lab.ts';

export interface EngineContract {
  /** Opened for each test and closed after it. */
  open(): Promise<EngineHarness>;
  /** Promises that this engine cannot be held to, by the names of their tests. */
  skip?: readonly { reason: string; tests: readonly string[] }[];
}

/** How the groups of promises add a test of their own. */
export type Promised = (name: string, body: (lab: EngineLab) => Promise<void>) => void;

/** What every engine promises: see src/engine/engine.ts. An engine's test calls this, and adds what only it can fail. */
export function engineContract(name: string, { open, skip = [] }: EngineContract): void {
  const promised: Promised = (promise, body) => {
    const reason = skip.find(({ tests }) => tests.includes(promise))?.reason;
    test(`${promise}`, async ({ skip: leaveOut }) => {
      if (reason !== undefined) leaveOut(reason);
      const harness = await open();
      try {
        await body(openLab(harness));
      } finally {
        await harness.close();
      }
    });
  };
  describe(`${name} keeps the contract of an engine`, () => {
    statusPromises(promised);
    dependencyPromises(promised);
    failurePromises(promised);
    afterwardsPromises(promised);
  });
}
