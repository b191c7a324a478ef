import type { Table } from './column.ts';

/** One sample's reads for a fusion. */
export interface FusionSupport {
  sample: string;
  paircount: number;
  splitcount: number;
  /** True if it passed pizzly's filter in this sample. */
  filtered: boolean;
}

/** A fusion over the cohort: two genes, the 5' one first. */
export interface CohortFusion {
  geneA: { name: string; id: string };
  geneB: { name: string; id: string };
  /** In the order of the sample list. */
  samples: FusionSupport[];
}

/** In how many samples it passed the filter. */
export function recurrence({ samples }: CohortFusion): number {
  return samples.filter(({ filtered }) => filtered).length;
}

export function statusOf(fusion: CohortFusion): 'filtered' | 'unfiltered-only' {
  return recurrence(fusion) > 0 ? 'filtered' : 'unfiltered-only';
}

/** Read pairs over all samples. */
export function totalOf({ samples }: CohortFusion, count: 'paircount' | 'splitcount'): number {
  return samples.reduce((sum, support) => sum + support[count], 0);
}

export const FUSIONS: Table<CohortFusion> = {
  file: 'fusions.tsv',
  about:
    'Every pair of genes that pizzly named in any sample; fusions of the most samples first. The same facts with a list per ' +
    'fusion are in `fusions.json`.',
  columns: [
    { name: 'geneA.name', meaning: "Name of the gene at the 5' end", value: ({ geneA }) => geneA.name },
    { name: 'geneA.id', meaning: 'Its id, with version', value: ({ geneA }) => geneA.id },
    { name: 'geneB.name', meaning: "Name of the gene at the 3' end", value: ({ geneB }) => geneB.name },
    { name: 'geneB.id', meaning: 'Its id, with version', value: ({ geneB }) => geneB.id },
    {
      name: 'status',
      meaning:
        '`filtered`: passed the filter of pizzly in at least one sample; `unfiltered-only`: in none, more often chance',
      value: statusOf,
    },
    { name: 'recurrence', meaning: 'Samples in which it passed the filter', value: recurrence },
    { name: 'seen', meaning: 'Samples with any read for it', value: ({ samples }) => samples.length },
    {
      name: 'paircount',
      meaning: 'Read pairs, over all samples, with one mate in each gene',
      value: (fusion) => totalOf(fusion, 'paircount'),
    },
    {
      name: 'splitcount',
      meaning: 'Read pairs, over all samples, of which a mate crosses the junction',
      value: (fusion) => totalOf(fusion, 'splitcount'),
    },
    {
      name: 'samples',
      meaning: '`sample=paircount/splitcount`, with `*` where it did not pass the filter; separated by `;`',
      value: ({ samples }) => samples.map(supportText).join(';'),
    },
  ],
};

function supportText({ sample, paircount, splitcount, filtered }: FusionSupport): string {
  return `${sample}=${paircount}/${splitcount}${filtered ? '' : '*'}`;
}
