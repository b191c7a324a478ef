import { picard } from '../../pipelines/fusion/picard.ts';
import { params } from '../../pipelines/fusion/params.ts';
import { samples } from '../../pipelines/fusion/samples.ts';
import { definePipeline } from '../../src/pipeline/pipeline.ts';

/** The fusion pipeline's first sample step alone, to find the minimum heap without waiting for the others. */
export default definePipeline({
  name: 'picard-only',
  description: "The fusion pipeline's Picard step alone",
  samples,
  params,
  steps: [{ ...picard, intermediate: false }],
});
