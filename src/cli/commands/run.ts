import { hostname } from 'node:os';
import { ExitCode } from '../../errors.ts';
import type { Engine } from '../../engine/engine.ts';
import { checkName } from '../../pipeline/pipeline.ts';
import { noteAdopted } from '../../run/adopt-codes.ts';
import { writeInputNotes } from '../../ledger/store-documents.ts';
import { isLatestRun } from '../../run/latest-run.ts';
import { type Prepared, prepareRun, refuseErrors } from '../../run/prepare.ts';
import { count } from '../../views/columns.ts';
import { type EngineFlags, openNamedEngine } from '../engines.ts';
import { notice, printJson } from '../print.ts';
import { type RunFlags, runRequest } from '../run-request.ts';
import { sweepScratch } from '../../runner/scratch.ts';
import { openSession, scratchRoot, storeUrl } from '../session.ts';
import { warningTexts } from '../warning-texts.ts';

export interface RunCommandFlags extends RunFlags, EngineFlags {
  store?: string;
  bucketName?: string;
  pipelineName?: string;
  json?: boolean;
  watch?: boolean;
}

/** `batch-pipeline run`: plan, submit, watch. */
export async function runCommand(pipelineName: string, flags: RunCommandFlags): Promise<ExitCode> {
  if (flags.pipelineName !== undefined) checkName(flags.pipelineName, '--pipeline-name');
  const session = await openSession(storeUrl(flags));
  const opened = await openNamedEngine(flags, session.store);
  const { engine, local } = opened;
  // What a run of this store left when it was killed goes also where no runner will start to do it.
  if (local) sweepScratch(scratchRoot(session.store), hostname());
  const { request, warnings } = await runRequest(pipelineName, flags, session, opened);
  const prepared = await prepareRun({ ...request, ...opened.kept });
  const findings = [...prepared.findings, ...(await opened.findings(prepared))];
  for (const warning of [...warnings, ...warningTexts(findings)]) notice(`warning: ${warning}`);
  refuseErrors(findings);
  await writeInputNotes(session.store, prepared.notes);
  if (prepared.jobs.length === 0 && (await isLatestRun(prepared, flags.pipelineName))) {
    await noteAdopted(session.store, request.loaded.pipeline.name, prepared.codeNotes);
    return nothingToDo(prepared, flags.json ?? false);
  }
  // Not needed, and so not loaded, when there is nothing to do.
  const [{ driveRun }, { startOrCarryOn }] = await Promise.all([import('../drive-run.ts'), import('../start-run.ts')]);
  const onEvent = flags.json ? (event: unknown) => process.stdout.write(`${JSON.stringify(event)}\n`) : plannedNotice;
  const name = flags.pipelineName ?? request.loaded.pipeline.name;
  const { manifest, submitted } = await startOrCarryOn(prepared, { name, opened, onEvent });
  const command = commandWith(flags);
  if (!local && !flags.watch && submitted.length > 0)
    return submittedOnly(engine, manifest.run, submitted.length, { json: flags.json ?? false, command });
  return driveRun({
    ...{ store: session.store, engine, manifest, submitted, json: flags.json ?? false, command },
    ...(local ? { local } : {}),
  });
}

/** On an engine that needs no process of ours, a run goes on without us. */
async function submittedOnly(
  engine: Engine,
  run: string,
  jobs: number,
  view: { json: boolean; command: string },
): Promise<ExitCode> {
  await engine.close();
  if (!view.json) {
    notice(`Submitted ${count(jobs, 'job')}; nothing of ours has to stay.`);
    notice(`next: ${view.command} status ${run} --watch`);
  }
  return ExitCode.ok;
}

/** How to call this program again for the same store. */
export function commandWith(flags: { store?: string | undefined; bucketName?: string | undefined }): string {
  if (flags.store !== undefined) return `batch-pipeline --store ${shellWord(flags.store)}`;
  return flags.bucketName === undefined ? 'batch-pipeline' : `batch-pipeline --store s3://${flags.bucketName}`;
}

/** As it can be pasted into a shell. */
function shellWord(text: string): string {
  return /^[\w./:@%+=,~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function plannedNotice(event: { kind: string; run?: string; tasks?: number; jobs?: number; upToDate?: number }): void {
  if (event.kind === 'planned')
    notice(
      `Run ${event.run}: ${count(event.tasks ?? 0, 'task')} in ${count(event.jobs ?? 0, 'job')}, ${event.upToDate} up to date.`,
    );
}

function nothingToDo({ samples, plan }: Prepared, json: boolean): ExitCode {
  const upToDate = plan.flatMap(({ decisions }) => decisions).filter((decision) => decision === 'up-to-date').length;
  if (json) printJson({ kind: 'up-to-date', samples: samples.length, tasks: upToDate });
  else
    notice(
      `Everything is up to date: ${count(samples.length, 'sample')}, ${count(upToDate, 'task')}, all outputs are there.`,
    );
  return ExitCode.ok;
}
