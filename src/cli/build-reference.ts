import { ExitCode } from '../errors.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import { isGather } from '../pipeline/pipeline.ts';
import { readParams } from '../pipeline/read-params.ts';
import { prepareRun, refuseErrors } from '../run/prepare.ts';
import { referenceIdentities } from '../run/named-reference.ts';
import { startRun } from '../run/start.ts';
import { driveRun } from './drive-run.ts';
import { openEngine } from './engines.ts';
import { notice } from './print.ts';
import { probeTools, toolEnvironments } from './probe-tools.ts';
import { nameValuePairs } from './run-request.ts';
import { stepResources } from './overrides.ts';
import { programVersion } from './program-files.ts';
import { openSession, storeUrl } from './session.ts';

/** Runs the cohort steps that come before the samples, once, so that every later run finds them done. */
export async function buildReferenceSteps(
  name: string,
  flags: { store?: string; json?: boolean; pipeline: string; param?: string[] },
): Promise<ExitCode> {
  const session = await openSession(storeUrl(flags));
  const { engine, local } = await openEngine({ engine: 'local' }, session.store);
  const loaded = await loadPipeline(flags.pipeline);
  const steps = loaded.pipeline.steps.filter((step) => step.scope === 'cohort' && !isGather(step));
  const pipeline = { ...loaded.pipeline, steps };
  const given = Object.entries(nameValuePairs(flags.param, '-p')).map(([param, value]) => ({
    name: param,
    value,
    where: '-p',
  }));
  const prepared = await prepareRun({
    ...{
      loaded: { ...loaded, pipeline },
      rows: [],
      params: readParams(pipeline, given),
      engine,
      store: session.store,
      locate: session.locate,
    },
    references: await referenceIdentities(session.store, name),
    resources: stepResources(pipeline, []),
    environments: toolEnvironments(pipeline, await probeTools(pipeline)),
  });
  refuseErrors(prepared.findings);
  if (prepared.jobs.length === 0) {
    notice(`Reference ${name} is built.`);
    return ExitCode.ok;
  }
  const { manifest, submitted } = await startRun(prepared, {
    name: 'reference',
    programVersion: programVersion(),
    onEvent: () => undefined,
  });
  return driveRun({
    ...{ store: session.store, engine, manifest, submitted, json: flags.json ?? false, command: 'batch-pipeline' },
    ...(local ? { local } : {}),
  });
}
