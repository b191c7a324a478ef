import { describe, expect, test } from 'vitest';
import type { ContractCase } from '../../src/testing/contract-case.ts';

/** Makes a test of every case of a contract. */
export function holdTo(contract: string, cases: readonly ContractCase[]): void {
  describe(`${contract}`, () => {
    for (const { name, run } of cases) test(`${name}`, () => expect(run()).resolves.toBeUndefined());
  });
}
