import { definePipeline } from '../../src/pipeline/pipeline.ts';
import { gather } from './gather.ts';
import { kallisto } from './kallisto.ts';
import { params } from './params.ts';
import { picard } from './picard.ts';
import { pizzly } from './pizzly.ts';
import { reference } from './reference.ts';
import { references } from './references.ts';
import { samples } from './samples.ts';

/**
 * Gene fusions from RNA-Seq: Picard, kallisto and pizzly for each sample, with one reference step before and the cohort
 * tables after.
 */
export default definePipeline({
  name: 'fusion',
  description: 'Finds gene fusions in RNA-Seq samples (Picard, kallisto, pizzly)',
  samples,
  references,
  params,
  steps: [reference, picard, kallisto, pizzly, gather],
});
