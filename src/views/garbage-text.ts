import type { Garbage, GarbageKind, Spared } from '../gc/garbage.ts';
import { bytes, columns, count } from './columns.ts';

/** In display order. */
const KIND_TEXT: Readonly<Record<GarbageKind, string>> = {
  definition: 'job definitions',
  bundle: 'bundles',
  leftover: 'leftover outputs',
  scratch: 'expired scratch',
  unfinished: 'unfinished writes',
};

/** Removable items grouped by kind, place and reason; then what was skipped. */
export function garbageText(garbage: readonly Garbage[], spared: readonly Spared[]): string {
  const kept = spared.map(({ what, why }) => `kept: ${what} (${why})`);
  if (garbage.length === 0) return ['Nothing to remove.', ...kept].join('\n');
  const order = Object.keys(KIND_TEXT);
  const sorted = garbage.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  const groups = Map.groupBy(sorted, ({ kind, group, why }) => [kind, group, why].join('\0'));
  const rows = [...groups.values()].map((group) => {
    const { kind, group: where, why } = group[0] as Garbage;
    return [
      KIND_TEXT[kind],
      where,
      group.length.toLocaleString('en'),
      kind === 'definition' ? '-' : bytes(sizeOf(group)),
      why,
    ];
  });
  const table = columns([['what', 'where', 'number', 'size', 'why'], ...rows]);
  return [table, '', `${count(garbage.length, 'item')}, ${bytes(sizeOf(garbage))}`, ...kept].join('\n');
}

function sizeOf(garbage: readonly Garbage[]): number {
  return garbage.reduce((sum, { size }) => sum + size, 0);
}
