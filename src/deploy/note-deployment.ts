import type { Store } from '../store/store.ts';
import { type Deployment, readDeployment, writeDeployment } from '../ledger/deployment.ts';
import type { StackFacts } from './stack/cloudformation-api.ts';

/** What `deploy` has made or was given. */
export interface Deployed {
  region: string;
  parts: Partial<Deployment>;
  /** URIs of the stack's repositories: its instances pull from no others. `undefined` where no stack was made. */
  repositories: readonly string[] | undefined;
}

/**
 * What the store is to say: of a stack only what it has, else what is given and all that was known before. Images stay
 * where they can still be pulled; `dropped` has the URIs of the others.
 */
export function nextDeployment(
  before: Deployment | undefined,
  { region, parts, repositories }: Deployed,
): { deployed: Deployment; dropped: string[] } {
  const images = Object.entries(before?.images ?? {});
  const kept = images.filter(([, uri]) => repositories?.includes(uri.replace(/@.*$/, '')) ?? true);
  const dropped = images.filter((image) => !kept.includes(image)).map(([, uri]) => uri);
  const rest = repositories === undefined ? before : undefined;
  return { deployed: { ...rest, version: 1, region, images: Object.fromEntries(kept), ...parts }, dropped };
}

/** Reads right before it writes, so that what others note meanwhile is lost as seldom as can be. */
export async function noteDeployment(store: Store, made: Deployed): Promise<ReturnType<typeof nextDeployment>> {
  const next = nextDeployment(await readDeployment(store, { ignoreUnreadable: true }), made);
  await writeDeployment(store, next.deployed);
  return next;
}

/** What of a stack goes into the store's `Deployment`. */
export function deployedParts({ name, outputs }: StackFacts): Partial<Deployment> {
  const {
    Queue: queue,
    JobRoleArn: jobRoleArn,
    ConductorRoleArn: conductorRoleArn,
    LogGroup: logGroup,
    HostFolder: hostFolder,
    KmsKeyArn: kmsKeyArn,
  } = outputs;
  return {
    stack: name,
    // Its name reads better than its ARN, and means the same in one region.
    ...(queue === undefined ? {} : { queue: queue.replace(/^.*\//, '') }),
    ...(jobRoleArn === undefined ? {} : { jobRoleArn }),
    ...(conductorRoleArn === undefined ? {} : { conductorRoleArn }),
    ...(logGroup === undefined ? {} : { logGroup }),
    ...(hostFolder === undefined ? {} : { hostFolder }),
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
  };
}
