import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Demo } from '../../demo.ts';
import { compareWithTruth } from './compare-with-truth.ts';
import { comparisonTable } from './comparison-table.ts';
import { makeDemoCohort } from './demo-cohort.ts';
import { foundInPizzlyJson } from './found-fusions.ts';
import { parseTruth } from './truth.ts';

/** Small samples need little: several run at a time on a small machine. */
const SMALL = ['reference', 'picard', 'kallisto', 'pizzly', 'gather'].flatMap((step) => [
  `${step}.memory=1GB`,
  `${step}.cpus=1`,
]);

/** Six simulated samples and a real one, with known fusions. */
export const fusionDemo: Demo = {
  titles: {
    make: 'Making a cohort with known fusions',
    run: 'Running the fusion pipeline on it',
    compare: 'Fusions found against fusions put in',
  },
  async make(options) {
    const { fasta, gtf, ...cohort } = await makeDemoCohort(options);
    const referenceFiles = [`fasta=${fasta}`, `gtf=${gtf}`];
    return { ...cohort, referenceFiles, settings: SMALL, failing: 'broken-1' };
  },
  compares: { step: 'pizzly', output: 'json' },
  compare({ truth }, results) {
    const found = [...results].map(
      ([sample, { text, location }]) => [sample, foundInPizzlyJson(text, location)] as const,
    );
    const comparison = compareWithTruth(new Map(found), parseTruth(readFileSync(truth, 'utf8')));
    return {
      asExpected: comparison.asExpected,
      json: comparison,
      table: (stream) => comparisonTable(comparison, { stream }),
      whereToLook: (results) => [
        `Cohort tables  ${join(results, 'cohort', 'gather')}`,
        `Per sample     ${results}/<sample>/pizzly`,
      ],
    };
  },
};
