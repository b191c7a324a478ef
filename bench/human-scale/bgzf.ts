import { closeSync, openSync, writeSync } from 'node:fs';
import { crc32, deflateRawSync } from 'node:zlib';

/** Uncompressed bytes per block; the format allows 64 KiB after compression, and noise grows. */
const BLOCK = 0xff00;
/** An empty block that ends every BGZF file (SAM specification, section 4.1.2). */
const END_OF_FILE = Buffer.from('1f8b08040000000000ff0600424302001b0003000000000000000000', 'hex');

/** Writes a file in BGZF, gzip in blocks, as BAM files are: at level 1, since reading is what is measured. */
export class BgzfWriter {
  readonly #file: number;
  readonly #block = Buffer.alloc(BLOCK);
  #filled = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'w');
  }

  write(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const size = Math.min(bytes.length - from, BLOCK - this.#filled);
      this.#block.set(bytes.subarray(from, from + size), this.#filled);
      this.#filled += size;
      from += size;
      if (this.#filled === BLOCK) this.#flush();
    }
  }

  close(): void {
    if (this.#filled > 0) this.#flush();
    writeSync(this.#file, END_OF_FILE);
    closeSync(this.#file);
  }

  #flush(): void {
    const content = this.#block.subarray(0, this.#filled);
    const deflated = deflateRawSync(content, { level: 1 });
    const header = Buffer.from('1f8b08040000000000ff060042430200', 'hex');
    const tail = Buffer.alloc(8);
    const size = Buffer.alloc(2);
    size.writeUInt16LE(header.length + 2 + deflated.length + tail.length - 1);
    tail.writeUInt32LE(crc32(content), 0);
    tail.writeUInt32LE(content.length, 4);
    writeSync(this.#file, Buffer.concat([header, size, deflated, tail]));
    this.#filled = 0;
  }
}
