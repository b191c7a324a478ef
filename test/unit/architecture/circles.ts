import type { SourceFile } from './source-file.ts';

/** Files that import each other, directly or through others, by type or by value: one list per circle, sorted. */
export function importCircles(files: readonly SourceFile[]): string[][] {
  const imports = new Map(files.map(({ path, imports }) => [path, imports.map(({ module }) => module)]));
  const reached = new Map(files.map(({ path }) => [path, reachableFrom(path, imports)]));
  const circles = files.flatMap(({ path }) => {
    const others = [...(reached.get(path) ?? [])].filter((other) => reached.get(other)?.has(path));
    return others.length > 0 ? [others.toSorted()] : [];
  });
  return [...new Map(circles.map((circle) => [circle.join(), circle])).values()];
}

/** Every file that an import of this one leads to; itself only if it is part of a circle. */
function reachableFrom(path: string, imports: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set<string>();
  const left = [...(imports.get(path) ?? [])];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (found.has(next) || !imports.has(next)) continue;
    found.add(next);
    left.push(...(imports.get(next) ?? []));
  }
  return found;
}
