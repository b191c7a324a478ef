import { ExitCode } from '../../errors.ts';
import { copyOf, type ResultFile } from '../../run/results.ts';
import { openRun } from '../../run/run.ts';
import { columns, count } from '../../views/columns.ts';
import { notice, print, printJson } from '../print.ts';
import { openSession, storeUrl } from '../session.ts';

export interface ResultsFlags {
  store?: string;
  json?: boolean;
  step?: string[];
  to?: string;
  verify?: boolean;
}

/** `batch-pipeline results [RUN]` */
export async function resultsCommand(name: string | undefined, flags: ResultsFlags): Promise<ExitCode> {
  const workspace = await openSession(storeUrl(flags));
  const run = await openRun(workspace, name);
  const { files, removed } = await run.results(flags.step);
  for (const [step, samples] of removed) notice(`${step}: the files of ${count(samples.size, 'sample')} were removed.`);
  const damaged = flags.verify ? await run.verify(files) : undefined;
  if (damaged) showVerified(files, damaged);
  const folder = damaged?.size ? undefined : flags.to;
  if (folder !== undefined) {
    await run.copyResults(files, folder);
    notice(`${count(files.length, 'file')} of run ${run.id} under ${folder}`);
  } else if (flags.to !== undefined) notice('Nothing was copied.');
  const { store } = workspace;
  const located = files.map((file) => ({
    ...file,
    location: store.localPath(file.location) ?? `${store.url.replace(/\/$/, '')}/${file.location}`,
    ...(damaged ? { intact: !damaged.has(file) } : {}),
    ...(folder === undefined ? {} : { copy: copyOf(file, folder) }),
  }));
  if (flags.json) printJson(located);
  else if (!damaged && folder === undefined) print(locationsText(located));
  return damaged?.size ? ExitCode.environment : ExitCode.ok;
}

function locationsText(files: readonly ResultFile[]): string {
  return columns([
    ['sample', 'step', 'file', 'location'],
    ...files.map(({ sample, step, name, location }) => [sample, step, name, location]),
  ]);
}

function showVerified(files: readonly ResultFile[], damaged: ReadonlySet<ResultFile>): void {
  for (const { sample, step, location } of damaged) notice(`damaged: ${sample} ${step} ${location}`);
  notice(
    damaged.size === 0
      ? `${count(files.length, 'file')} verified by checksum.`
      : `${damaged.size} of ${count(files.length, 'file')} damaged; remove them and run again.`,
  );
}
