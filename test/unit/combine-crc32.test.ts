import fc from 'fast-check';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { combineCrc32 } from '../../src/store/s3/s3-multipart.ts';

test('the CRC-32 of consecutive pieces is that of the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (pieces) => {
      const combined = pieces.reduce((sum, piece) => combineCrc32(sum, crc32(piece), piece.length), 0);
      expect(combined).toBe(crc32(Buffer.concat(pieces)));
    }),
  );
});

test('lengths beyond 32 bits count', () => {
  const gibibyte = 2 ** 30;
  const steps = Array.from({ length: 5 }, () => gibibyte).reduce((sum) => combineCrc32(sum, 0, gibibyte), 0x12345678);
  expect(combineCrc32(0x12345678, 0, 5 * gibibyte)).toBe(steps);
});
