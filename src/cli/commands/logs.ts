import { styleText } from 'node:util';
import { ExitCode } from '../../errors.ts';
import type { AttemptRecord } from '../../record/attempt-record.ts';
import { openRun } from '../../run/run.ts';
import { pasteable } from '../../runner/bash-script.ts';
import { scratchNamed } from '../../runner/scratch.ts';
import { duration } from '../../views/columns.ts';
import { notice, print, printJson } from '../print.ts';
import { openSession, storeUrl } from '../session.ts';

export interface LogsFlags {
  store?: string;
  json?: boolean;
  run?: string;
  follow?: boolean;
}

/** `batch-pipeline logs SAMPLE [STEP]` */
export async function logsCommand(sample: string, step: string | undefined, flags: LogsFlags): Promise<ExitCode> {
  const run = await openRun(await openSession(storeUrl(flags)), flags.run);
  try {
    const { record, text } = await run.log(sample, step, { follow: flags.follow ?? false, ended: flags.json ?? false });
    if (flags.json) printJson(record);
    else if (record) showRecorded(record, await wholeText(text));
    else for await (const chunk of text) process.stdout.write(chunk);
    return ExitCode.ok;
  } finally {
    await run.close();
  }
}

async function wholeText(text: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of text) chunks.push(chunk);
  return Buffer.concat(chunks).toString().trimEnd();
}

function showRecorded(record: AttemptRecord, log: string): void {
  const outcome =
    record.state === 'succeeded' ? styleText('green', 'succeeded') : styleText('red', `failed: ${record.cause}`);
  notice(
    `${styleText('bold', `${record.sample} ${record.step}`)} ${outcome}, try ${record.attempt} of run ${record.run} on ${record.host}, ${duration(record.wallSeconds)}`,
  );
  if (record.message) notice(record.message);
  print(record.log === undefined ? withoutOutput(record) : log);
}

/** The log of tools that printed nothing has their command lines alone, and is not stored. */
function withoutOutput({ host, tools }: AttemptRecord): string {
  const scratch = scratchNamed(
    host,
    tools.flatMap(({ argv }) => argv),
  );
  return [...tools.map(({ argv }) => `$ ${pasteable(argv, scratch)}`), '(the tools printed nothing)'].join('\n');
}
