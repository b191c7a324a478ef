import { describe } from 'vitest';
import { listingPromises } from './store/listing-promises.ts';
import { objectPromises } from './store/object-promises.ts';
import { racePromises } from './store/race-promises.ts';
import type { StoreHarness } from './store/store-helpers.ts';
import { upkeepPromises } from './store/upkeep-promises.ts';
import { transferPromises } from './store/transfer-promises.ts';

/** What every store promises: see src/store/store.ts. An adapter's test calls this, and adds what only it can fail. */
export function storeContract(name: string, harness: StoreHarness): void {
  describe(`${name} keeps the contract of a store`, () => {
    objectPromises(harness);
    listingPromises(harness);
    transferPromises(harness);
    racePromises(harness);
    upkeepPromises(harness);
  });
}
