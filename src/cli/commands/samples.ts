import { ExitCode } from '../../errors.ts';
import { loadPipeline } from '../../pipeline/load-pipeline.ts';
import { identifySamples } from '../../samples/identify.ts';
import { columns, count } from '../../views/columns.ts';
import { notice, print, printJson } from '../print.ts';
import { readSamples } from '../../samples/read-samples.ts';
import { openSession, storeUrl } from '../session.ts';

export interface SamplesFlags {
  store?: string;
  json?: boolean;
  pipeline: string;
  inputs?: string;
}

/** `batch-pipeline samples LIST`: everything about a list that can be wrong, before anything runs. */
export async function samplesCommand(list: string, flags: SamplesFlags): Promise<ExitCode> {
  const { pipeline } = await loadPipeline(flags.pipeline);
  const { locate } = await openSession(storeUrl(flags));
  const { rows, warnings } = await readSamples(pipeline, { samples: list, inputs: flags.inputs, locate });
  const samples = await identifySamples(pipeline, rows, locate);
  for (const warning of warnings) notice(`warning: ${warning}`);
  if (flags.json) {
    printJson(samples);
    return ExitCode.ok;
  }
  const lines = samples.map(({ name, files, values }) => [
    name,
    ...Object.entries(files).map(
      ([column, { location, size }]) => `${column}=${location} (${size.toLocaleString('en')} bytes)`,
    ),
    ...Object.entries(values).map(([column, value]) => `${column}=${value}`),
  ]);
  print(columns(lines));
  notice(`${count(samples.length, 'sample')}, all files are there.`);
  return ExitCode.ok;
}
