import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContractCase } from './contract-case.ts';
import { listingPromises } from './store/listing-promises.ts';
import { objectPromises } from './store/object-promises.ts';
import { racePromises } from './store/race-promises.ts';
import { openStoreLab, type StoreHarness, type StorePromise } from './store/store-lab.ts';
import { transferPromises } from './store/transfer-promises.ts';
import { upkeepPromises } from './store/upkeep-promises.ts';

const PROMISES = [...objectPromises, ...listingPromises, ...transferPromises, ...racePromises, ...upkeepPromises];

/**
 * What every store promises, see `Store`. Cases transfer files of 70 MB and let several processes write at once.
 * @example
 * for (const { name, run } of storeContract({ open: openEmptyStore })) test(name, run);
 */
export function storeContract(harness: StoreHarness): ContractCase[] {
  return PROMISES.map(({ name, holds }) => ({ name, run: () => hold(harness, holds) }));
}

async function hold(harness: StoreHarness, holds: StorePromise['holds']): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'store-contract-'));
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch);
  try {
    const lab = openStoreLab(await harness.open(folder), scratch, harness);
    try {
      await holds(lab);
    } finally {
      await lab.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
