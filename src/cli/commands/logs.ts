import { styleText } from 'node:util';
import { ExitCode } from '../../errors.ts';
import { openRun } from '../../run/run.ts';
import { commandLines, type TaskLog } from '../../run/task-log.ts';
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

function showRecorded(record: NonNullable<TaskLog['record']>, log: string): void {
  const outcome =
    record.state === 'succeeded' ? styleText('green', 'succeeded') : styleText('red', `failed: ${record.cause}`);
  notice(
    `${styleText('bold', `${record.sample} ${record.step}`)} ${outcome}, try ${record.attempt} of run ${record.run} on ${record.host}, ${duration(record.wallSeconds)}`,
  );
  if (record.message) notice(record.message);
  // Tools that printed nothing leave no log in the store.
  print(record.log === undefined ? [...commandLines(record), '(the tools printed nothing)'].join('\n') : log);
}
