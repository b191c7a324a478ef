import { ExitCode } from '../../errors.ts';
import { planRun } from '../../run/plan-run.ts';
import { planReasons, planResources, planText } from '../../views/plan-text.ts';
import { showEvent, showWarnings } from '../show-event.ts';
import { print, printJson } from '../print.ts';
import { type RunFlags, runOptions } from '../run-flags.ts';
import { openSession, storeUrl } from '../session.ts';

/** `batch-pipeline plan`: what `run` would do, and why. Changes nothing. */
export async function planCommand(pipelineName: string, flags: RunFlags & { json?: boolean }): Promise<ExitCode> {
  const workspace = await openSession(storeUrl(flags));
  const plan = await planRun(workspace, await runOptions(pipelineName, flags), showEvent);
  const { prepared, findings } = plan;
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
    showWarnings(plan);
    print(planText(prepared));
  }
  plan.check();
  return ExitCode.ok;
}
