import type { Manifest } from '../record/manifest.ts';

type Steps = readonly Pick<Manifest['steps'][number], 'name' | 'intermediate' | 'upstream'>[];

/** Intermediate steps, and the steps that read them. A step has to be one in every run of the pipeline that has it. */
export function scratchSteps(runs: readonly Steps[]): Map<string, Set<string>> {
  const readers = new Map<string, Set<string>>();
  const kept = new Set<string>();
  for (const steps of runs) {
    for (const { name, intermediate } of steps) {
      if (!intermediate) kept.add(name);
      const reading = steps.filter(({ upstream }) => upstream.includes(name));
      readers.set(name, new Set([...(readers.get(name) ?? []), ...reading.map((step) => step.name)]));
    }
  }
  return new Map([...readers].filter(([name]) => !kept.has(name)));
}
