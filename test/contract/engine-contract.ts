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
}

/** How the groups of promises add a test of their own. */
export type Promised = (name: string, body: (lab: EngineLab) => Promise<void>) => void;

/** What every engine promises: see src/engine/engine.ts. An engine's test calls this, and adds what only it can fail. */
export function engineContract(name: string, { open }: EngineContract): void {
  const promised: Promised = (promise, body) => {
    test(`${promise}`, async () => {
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
