/**
 * A copy of a string with memory of its own. V8 keeps the whole text alive from which a string was cut, so that a few
 * ids kept from every part of a 1.5 GB file would keep all of it.
 */
export function ownString(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
