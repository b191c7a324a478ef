import { loadPipeline } from '../pipeline/load-pipeline.ts';
import type { PlanSample } from '../record/manifest.ts';
import { identifySamples } from '../samples/identify.ts';
import { readSamples } from '../samples/read-samples.ts';
import type { Workspace } from './workspace.ts';

export interface CheckedSamples {
  samples: PlanSample[];
  warnings: string[];
}

/**
 * Reads a sample list and looks up every file of it.
 * @param inputs the pattern or folder that finds the files of samples, where the list only names them
 * @throws PipelineErrors with everything that is wrong with the list and its files
 */
export async function checkSamples(
  { locate }: Workspace,
  options: { pipeline: string; samples: string; inputs: string | undefined },
): Promise<CheckedSamples> {
  const { pipeline } = await loadPipeline(options.pipeline);
  const { rows, warnings } = await readSamples(pipeline, { samples: options.samples, inputs: options.inputs, locate });
  return { samples: await identifySamples(pipeline, rows, locate), warnings };
}
