import { DEFAULT_PIPELINE } from '../../../pipelines/catalog.ts';
import { openCloud } from '../../deploy/cloud.ts';
import { deploy, type DeployEvent, planDeployment } from '../../deploy/deploy.ts';
import { stackTemplate } from '../../deploy/stack/stack-template.ts';
import { ExitCode } from '../../errors.ts';
import { loadPipeline } from '../../pipeline/load-pipeline.ts';
import { changesText, deployEventText } from '../../views/deploy-text.ts';
import { type DeployFlags, deploymentRequest } from '../deploy-flags.ts';
import { interruptible } from '../interruptible.ts';
import { notice, print, printJson } from '../print.ts';

const INTERRUPTED =
  'Interrupted: CloudFormation continues what it has started. The same command follows it and continues from here.';

/** `batch-pipeline deploy`: once per account, and again whenever something should be different. */
export async function deployCommand(flags: DeployFlags): Promise<ExitCode> {
  if (flags.print) {
    process.stdout.write(stackTemplate());
    return ExitCode.ok;
  }
  const request = deploymentRequest(flags);
  const cloud = await openCloud({ region: flags.region, environment: process.env });
  const onEvent = (event: DeployEvent) => notice(deployEventText(event));
  if (flags.plan) {
    const { stack, changes } = await planDeployment(cloud, request, onEvent);
    if (flags.json) printJson(changes);
    else print(changesText(stack, changes));
    return ExitCode.ok;
  }
  return interruptible(async (signal) => {
    const images = flags.images === false ? [] : [await loadPipeline(DEFAULT_PIPELINE)];
    const { store, deployment, runPolicyArn } = await deploy(cloud, request, { images, onEvent, signal });
    if (flags.json) {
      printJson({ store, ...deployment });
      return ExitCode.ok;
    }
    print(`--store ${store}`);
    if (runPolicyArn !== undefined) notice(`Users who run pipelines need this policy: ${runPolicyArn}`);
    notice(`Next: batch-pipeline run ${DEFAULT_PIPELINE} --engine aws-batch --store ${store} --samples …`);
    return ExitCode.ok;
  }, INTERRUPTED);
}
