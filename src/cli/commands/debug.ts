import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { styleText } from 'node:util';
import { ExitCode } from '../../errors.ts';
import { type DebugEnd, prepareDebug } from '../../run/debug.ts';
import { interruptible } from '../interruptible.ts';
import { print } from '../print.ts';
import { openSession, storeUrl } from '../session.ts';

export interface DebugFlags {
  store?: string;
  run?: string;
  folder?: string;
  json?: boolean;
}

/** `batch-pipeline debug SAMPLE [STEP]` */
export async function debugCommand(sample: string, step: string | undefined, flags: DebugFlags): Promise<ExitCode> {
  const debug = await prepareDebug(await openSession(storeUrl(flags)), {
    run: flags.run,
    sample,
    step,
    folder: (wanted) => flags.folder ?? newFolder(join('debug', `${sample}-${wanted}`)),
  });
  return interruptible(async (signal) => {
    const end = await debug(signal);
    signal.throwIfAborted();
    if (flags.json) print(JSON.stringify(end, undefined, 2));
    else print(endText(end));
    return end.failure ? ExitCode.samplesFailed : ExitCode.ok;
  }, 'Interrupted.');
}

/** A debugged task stays where it is: the next one goes beside it. */
function newFolder(wanted: string): string {
  let folder = wanted;
  for (let number = 2; existsSync(folder); number += 1) folder = `${wanted}-${number}`;
  return folder;
}

function endText({ folder, commands, outputs, failure }: DebugEnd): string {
  const outcome = failure
    ? `${styleText('red', 'failed')}: ${failure.cause}: ${failure.message}${failure.hint ? `\n  -> ${failure.hint}` : ''}`
    : `${styleText('green', 'succeeded')}; nothing was published`;
  const written = Object.entries(outputs).map(([name, path]) => `  ${name}: ${relative(folder, path)}`);
  return [
    outcome,
    ...(written.length > 0 ? ['outputs:', ...written] : []),
    'go on by hand:',
    `  cd ${folder}`,
    ...commands.map((command) => `  ${command}`),
  ].join('\n');
}
