import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { styleText } from 'node:util';
import { ExitCode } from '../../errors.ts';
import { findRun, readManifest } from '../../ledger/run-store.ts';
import { readTaskTable } from '../../ledger/task-table.ts';
import { writeStderr } from '../../runner/attempt-guard.ts';
import { type DebugEnd, debugTask } from '../../runner/debug-task.ts';
import { wantedTask } from '../../run/task-log.ts';
import { storeOptions } from '../../store/store-options.ts';
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
  const { store, environment } = await openSession(storeUrl(flags));
  const manifest = await readManifest(store, await findRun(store, flags.run));
  const { wanted } = wantedTask(await readTaskTable(store, manifest), sample, step);
  const folder = flags.folder ?? newFolder(join('debug', `${sample}-${wanted}`));
  const equipment = { environment: { ...environment }, store: storeOptions(environment) };
  return interruptible(async (signal) => {
    const end = await debugTask(
      store,
      { manifest, step: wanted, sample, folder, signal, write: writeStderr },
      equipment,
    );
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
