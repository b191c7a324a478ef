import { ExitCode } from '../../errors.ts';
import { prepareRun, refuseErrors } from '../../run/prepare.ts';
import { planReasons, planResources, planText } from '../../views/plan-text.ts';
import { openNamedEngine } from '../engines.ts';
import { notice, print, printJson } from '../print.ts';
import { runRequest } from '../run-request.ts';
import { warningTexts } from '../warning-texts.ts';
import { openSession, storeUrl } from '../session.ts';
import type { RunCommandFlags } from './run.ts';

/** `batch-pipeline plan`: what `run` would do, and why. Changes nothing. */
export async function planCommand(pipelineName: string, flags: RunCommandFlags): Promise<ExitCode> {
  const session = await openSession(storeUrl(flags));
  const opened = await openNamedEngine(flags, session.store);
  const { request, warnings } = await runRequest(pipelineName, flags, session, opened);
  const prepared = await prepareRun(request);
  const findings = [...prepared.findings, ...(await opened.findings(prepared))];
  if (flags.json) {
    const steps = prepared.plan.map(({ step, decisions }) => ({ step: step.name, decisions }));
    printJson({
      samples: prepared.samples.map(({ name }) => name),
      steps,
      reasons: planReasons(prepared),
      same: prepared.same,
      needs: planResources(prepared.jobs),
      jobs: prepared.jobs,
      findings,
    });
  } else {
    for (const warning of [...warnings, ...warningTexts(findings)]) notice(`warning: ${warning}`);
    print(planText(prepared));
  }
  refuseErrors(findings);
  return ExitCode.ok;
}
