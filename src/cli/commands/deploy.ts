import { DEFAULT_PIPELINE } from '../../../pipelines/catalog.ts';
import { ExitCode } from '../../errors.ts';
import type { Deployment } from '../../ledger/deployment.ts';
import type { ImageEvent } from '../../deploy/images/build-images.ts';
import { findBuilder } from '../../deploy/images/find-builder.ts';
import { noteDeployment } from '../../deploy/note-deployment.ts';
import type { StackFacts } from '../../deploy/stack/cloudformation-api.ts';
import { deployedParts } from '../../deploy/stack/deployed-parts.ts';
import { deployStack, planStack } from '../../deploy/stack/deploy-stack.ts';
import { stackTemplate } from '../../deploy/stack/stack-template.ts';
import { openStore } from '../../store/open-store.ts';
import type { Store } from '../../store/store.ts';
import { changesText, imageEventText } from '../../views/deploy-text.ts';
import { type Cloud, openCloud } from '../cloud.ts';
import type { DeployFlags } from '../deploy-flags.ts';
import { interruptible } from '../interruptible.ts';
import { notice, print, printJson } from '../print.ts';
import { pushImagesFor } from '../push-images.ts';
import { openSession } from '../session.ts';
import { storeOptions } from '../../store/store-options.ts';
import { type Intention, stackRequest } from '../stack-request.ts';

const INTERRUPTED =
  'Interrupted: what CloudFormation has begun goes on. The same command follows it, and goes on from here.';

/** `batch-pipeline deploy`: once per account, and again whenever something is to be different. */
export async function deployCommand(flags: DeployFlags): Promise<ExitCode> {
  if (flags.print) {
    process.stdout.write(stackTemplate());
    return ExitCode.ok;
  }
  const cloud = await openCloud(flags.region);
  const intention = await stackRequest(cloud, flags);
  if (flags.plan) return showPlan(cloud, intention, flags);
  return interruptible(async (signal) => {
    // Better now than when there is half of what is needed.
    if (intention.isNew && flags.images !== false) await findBuilder(undefined, signal);
    const stack = intention.needsStack ? await makeStack(cloud, intention, signal) : undefined;
    const { wishes } = intention;
    const url = (stack?.outputs['Store'] ?? `s3://${wishes.BucketName}/${wishes.Prefix}`).replace(/\/$/, '');
    const parts = stack ? deployedParts(stack) : givenParts(flags);
    // Without a stack, the key that was given before still holds.
    const keepsKey = !stack && flags.kmsKey === undefined;
    const store = keepsKey ? (await openSession(url)).store : await openDeployedStore(url, parts);
    const repositories = stack && [...(await cloud.ecr.repositories(`${stack.name}/`)).values()];
    const { deployed, dropped } = await noteDeployment(store, { region: cloud.region, parts, repositories });
    for (const uri of dropped) notice(`${uri} is not of stack ${stack?.name}, and is no longer used.`);
    const onImage = (event: ImageEvent) => notice(imageEventText(event));
    const images = flags.images === false ? {} : await pushImagesFor(store, [DEFAULT_PIPELINE], { signal, onImage });
    if (flags.json) printJson({ store: url, ...deployed, images: { ...deployed.images, ...images } });
    else tell(url, stack);
    return ExitCode.ok;
  }, INTERRUPTED);
}

async function showPlan(cloud: Cloud, intention: Intention, flags: DeployFlags): Promise<ExitCode> {
  const changes = intention.needsStack ? await planStack(cloud.stacks, intention, cloud.following) : [];
  if (flags.json) printJson(changes);
  else print(changesText(intention.stack, changes));
  return ExitCode.ok;
}

async function makeStack(cloud: Cloud, intention: Intention, signal: AbortSignal): Promise<StackFacts> {
  const { stack, changed } = await deployStack(cloud.stacks, intention, { ...cloud.following, signal });
  if (!changed) notice(changesText(intention.stack, []));
  return stack;
}

function openDeployedStore(url: string, { kmsKeyArn }: Partial<Deployment>): Promise<Store> {
  const s3 = { ...storeOptions(process.env).s3, ...(kmsKeyArn === undefined ? {} : { kmsKeyId: kmsKeyArn }) };
  return openStore(url, { s3 });
}

/** Everything was there before: only the store has to know. An empty key is one that holds no more. */
function givenParts({ queue, jobRole, logGroup, kmsKey }: DeployFlags): Partial<Deployment> {
  return {
    ...(queue ? { queue } : {}),
    ...(jobRole ? { jobRoleArn: jobRole } : {}),
    ...(logGroup ? { logGroup } : {}),
    ...(kmsKey === undefined ? {} : { kmsKeyArn: kmsKey || undefined }),
  };
}

function tell(storeUrl: string, stack: StackFacts | undefined): void {
  print(`--store ${storeUrl}`);
  const policy = stack?.outputs['RunPolicyArn'];
  if (policy !== undefined) notice(`Whoever runs pipelines needs this policy: ${policy}`);
  notice(`Next: batch-pipeline run ${DEFAULT_PIPELINE} --engine aws-batch --store ${storeUrl} --samples …`);
}
