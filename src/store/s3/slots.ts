/** Bounds how many parts are in memory at once, over all transfers of a store. First come, first served. */
export interface Slots {
  acquire(): Promise<Slot>;
}

/** The slot of one part. */
export interface Slot {
  /** Memory for the part: reused if large enough, since allocating it takes a tenth of the transfer time. */
  memory(bytes: number): Buffer;
  /** Passes the slot and its memory to the next part. */
  release(): void;
}

/** `count` slots. */
export function slots(count: number): Slots {
  const waiting: ((place: Place) => void)[] = [];
  const free: Place[] = Array.from({ length: count }, () => ({ buffer: Buffer.alloc(0) }));
  const giveBack = (place: Place): void => {
    const next = waiting.shift();
    if (next) next(place);
    else free.push(place);
  };
  return {
    async acquire() {
      // Takes the slot returned last: its memory is most likely still mapped.
      const place = free.pop() ?? (await new Promise<Place>((resolve) => waiting.push(resolve)));
      return slot(place, giveBack);
    },
  };
}

interface Place {
  buffer: Buffer;
}

function slot(place: Place, giveBack: (place: Place) => void): Slot {
  let released = false;
  return {
    memory(bytes) {
      if (place.buffer.length < bytes) place.buffer = Buffer.allocUnsafeSlow(bytes);
      return place.buffer.subarray(0, bytes);
    },
    release() {
      if (!released) giveBack(place);
      released = true;
    },
  };
}
