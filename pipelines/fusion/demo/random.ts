/** 2^32: what a 32-bit number is divided by to give a number from 0 to below 1. */
const RANGE = 0x1_0000_0000;

/**
 * A small seeded generator (the mulberry32 recurrence). Only 32-bit integer steps and exact divisions by a power of
 * two: every machine and every version of Node gives the same numbers.
 */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A separate generator for each label, so that one sample's draws never affect another's. */
  static for(seed: number, label: string): Random {
    let hash = (0x811c_9dc5 ^ seed) >>> 0;
    for (const byte of Buffer.from(label)) hash = Math.imul(hash ^ byte, 0x0100_0193) >>> 0;
    return new Random(hash);
  }

  /** A whole number of 32 bits. */
  bits(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor((this.bits() / RANGE) * limit);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('Nothing to choose from');
    return items[this.below(items.length)] as T;
  }

  /** A copy in random order. */
  shuffled<T>(items: readonly T[]): T[] {
    const copy = [...items];
    for (let last = copy.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      [copy[last], copy[other]] = [copy[other] as T, copy[last] as T];
    }
    return copy;
  }

  /** A whole number from a bell curve: twelve uniform numbers have a variance of 1 and need no logarithm. */
  bell(mean: number, deviation: number): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.bits() / RANGE;
    return Math.round(mean + deviation * sum);
  }
}
