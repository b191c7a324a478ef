/**
 * The polynomial of CRC-32 with its bits in reverse: the highest bit of a number is the coefficient of x⁰ (RFC 1952,
 * 8).
 */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;
const X_TO_THE_8 = ONE >>> 8;

/**
 * CRC-32 of two consecutive pieces, from their CRCs and the length of the second: a CRC is a remainder of polynomials,
 * and n bytes more multiply what is before them by x to the power of 8n. This saves reading the bytes again.
 */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  return (multiply(power(secondBytes), first) ^ second) >>> 0;
}

/** x to the power of 8n, modulo the polynomial. */
function power(n: number): number {
  let result = ONE;
  let square = X_TO_THE_8;
  for (let left = n; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}
