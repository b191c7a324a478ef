import { z } from 'zod';
import { deploymentKey } from '../record/keys.ts';
import type { Store } from '../store/store.ts';

/** What `deploy` leaves in the store, so that `run` needs no flags: names of what there is in the account. */
const deployment = z.object({
  version: z.literal(1),
  region: z.string(),
  /** Name or ARN. */
  queue: z.string(),
  jobRoleArn: z.string().optional(),
  executionRoleArn: z.string().optional(),
  logGroup: z.string().optional(),
  /** Folder of the instances that all their jobs share. */
  hostFolder: z.string().optional(),
  /** Name of an image (`picard`, the last part of its folder) to its URI, by digest. */
  images: z.record(z.string(), z.string()).default({}),
});
export type Deployment = z.infer<typeof deployment>;

/** `undefined` where nothing was deployed for this store. */
export async function readDeployment(store: Store): Promise<Deployment | undefined> {
  const body = await store.read(deploymentKey);
  return body && deployment.parse(JSON.parse(new TextDecoder().decode(body)));
}
