import type { Manifest } from '../../record/manifest.ts';

type Steps = readonly Pick<Manifest['steps'][number], 'name' | 'scope' | 'upstream'>[];

/**
 * Steps whose outputs are only on the way to others, with the steps that read them: sample steps that a sample step reads
 * and no gather collects, since a gather reads them again for each new sample. A cohort step's outputs, such as an index,
 * serve samples to come. A step has to be so in every run of the pipeline.
 */
export function scratchSteps(runs: readonly Steps[]): Map<string, Set<string>> {
  const readers = new Map<string, Set<string>>();
  const kept = new Set<string>();
  for (const steps of runs) {
    for (const { name, scope } of steps) {
      const reading = steps.filter(({ upstream }) => upstream.includes(name));
      const isScratch = scope === 'sample' && reading.length > 0 && reading.every((step) => step.scope === 'sample');
      if (!isScratch) kept.add(name);
      readers.set(name, new Set([...(readers.get(name) ?? []), ...reading.map((step) => step.name)]));
    }
  }
  return new Map([...readers].filter(([name]) => !kept.has(name)));
}
