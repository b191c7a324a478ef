import { ExitCode } from '../../errors.ts';
import { nameValuePairs } from '../../pipeline/name-value-pairs.ts';
import type { RunEvent } from '../../run/events.ts';
import { buildReference, checkReference, listReferences } from '../../run/references.ts';
import { columns, count } from '../../views/columns.ts';
import { driveRun } from '../drive-run.ts';
import { notice, print, printJson } from '../print.ts';
import { showEvent } from '../show-event.ts';
import { chosenEngine, commandWith, type EngineFlags, openSession, storeUrl } from '../session.ts';

export interface ReferenceFlags extends EngineFlags {
  store?: string;
  json?: boolean;
  pipeline: string;
  referenceFile?: string[];
  param?: string[];
}

/** `batch-pipeline reference build NAME` */
export async function buildReferenceCommand(name: string, flags: ReferenceFlags): Promise<ExitCode> {
  const workspace = await openSession(storeUrl(flags));
  const options = {
    pipeline: flags.pipeline,
    files: nameValuePairs(flags.referenceFile, '--reference-file'),
    params: Object.entries(nameValuePairs(flags.param, '-p')).map(([key, value]) => ({
      name: key,
      value,
      where: '-p',
    })),
    engine: chosenEngine(flags),
  };
  const onEvent = (event: RunEvent) => {
    if (event.kind === 'reference-added')
      notice(`Reference ${name}: ${count(event.files, 'file')} in ${workspace.store.url}`);
    if (event.kind === 'joined') showEvent(event);
  };
  const run = await buildReference(workspace, name, options, onEvent);
  const command = commandWith(flags);
  const next = `${command} run ${flags.pipeline} --reference ${name} --samples LIST`;
  if (run) return driveRun(run, { json: flags.json ?? false, command, next });
  if (flags.json) printJson({ kind: 'up-to-date', reference: name });
  else notice(`Reference ${name} is built.`);
  return ExitCode.ok;
}

/** `batch-pipeline reference list` */
export async function listReferencesCommand(flags: { store?: string; json?: boolean }): Promise<ExitCode> {
  const workspace = await openSession(storeUrl(flags));
  const references = await listReferences(workspace);
  if (flags.json) printJson(references);
  else if (references.length === 0) notice(`The store ${workspace.store.url} has no references yet.`);
  else
    print(
      columns([
        ['reference', 'files', 'added'],
        ...references.map(({ name, files, addedAt }) => [name, Object.keys(files).join(', '), addedAt]),
      ]),
    );
  return ExitCode.ok;
}

/** `batch-pipeline reference check NAME` */
export async function checkReferenceCommand(
  name: string,
  flags: { store?: string; json?: boolean },
): Promise<ExitCode> {
  const checked = await checkReference(await openSession(storeUrl(flags)), name);
  if (flags.json) printJson(checked);
  for (const key of checked.damaged) notice(`damaged: ${key}`);
  const isWhole = checked.damaged.length === 0;
  notice(
    isWhole
      ? `Reference ${name}: ${count(checked.files, 'file')} verified by checksum.`
      : `Reference ${name} is damaged.`,
  );
  return isWhole ? ExitCode.ok : ExitCode.environment;
}
