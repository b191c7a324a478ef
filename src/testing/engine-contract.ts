import type { ContractCase } from './contract-case.ts';
import { afterwardsPromises } from './engine/afterwards-promises.ts';
import { dependencyPromises } from './engine/dependency-promises.ts';
import { type EngineHarness, openLab } from './engine/engine-lab.ts';
import { failurePromises } from './engine/failure-promises.ts';
import { statusPromises } from './engine/status-promises.ts';

const PROMISES = [...statusPromises, ...dependencyPromises, ...failurePromises, ...afterwardsPromises];

/**
 * What every engine promises, see `Engine`: real runs of a small pipeline whose tasks need no tools.
 * @param open called by each case; what it opens is closed at the end of the case
 * @example
 * for (const { name, run } of engineContract(() => openEngineFile('./engine.ts'))) test(name, run);
 */
export function engineContract(open: () => Promise<EngineHarness>): ContractCase[] {
  return PROMISES.map(({ name, holds }) => ({
    name,
    async run() {
      const harness = await open();
      try {
        await holds(openLab(harness));
      } finally {
        await harness.close();
      }
    },
  }));
}
