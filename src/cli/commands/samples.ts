import { ExitCode } from '../../errors.ts';
import { checkSamples } from '../../run/check-samples.ts';
import { columns, count } from '../../views/columns.ts';
import { notice, print, printJson } from '../print.ts';
import { openSession, storeUrl } from '../session.ts';

export interface SamplesFlags {
  store?: string;
  json?: boolean;
  pipeline: string;
  inputs?: string;
}

/** `batch-pipeline samples LIST`: everything about a list that can be wrong, before anything runs. */
export async function samplesCommand(list: string, flags: SamplesFlags): Promise<ExitCode> {
  const workspace = await openSession(storeUrl(flags));
  const { pipeline, inputs } = flags;
  const { samples, warnings } = await checkSamples(workspace, { pipeline, samples: list, inputs });
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
