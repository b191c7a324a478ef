import { ExitCode, PipelineError } from '../../errors.ts';
import { loadPipeline } from '../../pipeline/load-pipeline.ts';
import { runKeys } from '../../record/keys.ts';
import { readHeartbeat } from '../../run/heartbeat.ts';
import { refuseErrors } from '../../run/prepare.ts';
import { retryJobs } from '../../run/retry.ts';
import { findRun, readJobs, readManifest } from '../../run/run-store.ts';
import { submitJobs } from '../../run/submit.ts';
import { readTaskTable } from '../../run/task-table.ts';
import { writeJobs } from '../../run/write-run.ts';
import { count } from '../../views/columns.ts';
import { driveRun } from '../drive-run.ts';
import { type EngineFlags, openEngine } from '../engines.ts';
import { notice } from '../print.ts';
import { openSession, storeUrl } from '../session.ts';
import { commandWith } from './run.ts';

/** `batch-pipeline retry [RUN]`: another submission over the run's own manifest. */
export async function retryCommand(
  name: string | undefined,
  flags: EngineFlags & { store?: string; json?: boolean },
): Promise<ExitCode> {
  const { store } = await openSession(storeUrl(flags));
  const manifest = await readManifest(store, await findRun(store, name));
  if (await readHeartbeat(store, manifest.run)) throw stillRunning(manifest.run);
  const engine = openEngine(flags, store);
  const { pipeline } = await loadPipeline(manifest.pipelineSource);
  const table = await readTaskTable(store, manifest);
  const { maxArraySize } = await engine.limits();
  const jobs = retryJobs({ pipeline, table, earlier: await readJobs(store, manifest.run), maxArraySize });
  if (jobs.length === 0) {
    notice(`Run ${manifest.run} has nothing to retry.`);
    return ExitCode.ok;
  }
  refuseErrors(await engine.check(jobs.map(({ step, resources }) => ({ step, resources, image: undefined }))));
  await store.remove([runKeys.finished(manifest.run), runKeys.cancelled(manifest.run)]);
  await writeJobs(store, manifest.run, jobs);
  notice(
    `Run ${manifest.run}: retrying ${count(
      jobs.reduce((sum, { size }) => sum + size, 0),
      'task',
    )} in ${count(jobs.length, 'job')}.`,
  );
  const tries = new Map(pipeline.steps.map((step) => [step.name, step.attempts]));
  const submitted = await submitJobs({
    store,
    engine,
    manifest,
    jobs,
    attempts: (step) => tries.get(step) ?? 1,
    onEvent: () => undefined,
  });
  return driveRun({ store, engine, manifest, submitted, json: flags.json ?? false, command: commandWith(flags) });
}

function stillRunning(run: string): PipelineError {
  return new PipelineError({
    code: 'run-busy',
    message: `Run ${run} is still running`,
    hint: 'Wait for it, or stop it with "batch-pipeline cancel".',
    exitCode: ExitCode.unfinished,
  });
}
