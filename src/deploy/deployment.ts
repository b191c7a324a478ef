import { z } from 'zod';
import { PipelineError } from '../errors.ts';
import { deploymentKey } from '../record/keys.ts';
import type { Store } from '../store/store.ts';

/** First part of the names of what is deployed, unless the stack has another. */
export const DEFAULT_STACK = 'batch-pipeline';

/** What `deploy` and `images push` leave in the store, so that `run` needs no flags: names of what the account has. */
const deployment = z.object({
  version: z.literal(1),
  region: z.string(),
  /** Of CloudFormation; absent where everything was there before. */
  stack: z.string().optional(),
  /** Name or ARN. Absent where only images were pushed: then `--queue` names one. */
  queue: z.string().optional(),
  jobRoleArn: z.string().optional(),
  /** Of the small job that watches a run (`--conductor`): it may submit, which no other job may. */
  conductorRoleArn: z.string().optional(),
  executionRoleArn: z.string().optional(),
  logGroup: z.string().optional(),
  /** Folder of the instances that all their jobs share. */
  hostFolder: z.string().optional(),
  /** ARN of the KMS key that encrypts the store's objects; without it S3 encrypts them with its own. */
  kmsKeyArn: z.string().optional(),
  /** Name of an image (`picard`, the last part of its folder) to its URI, by digest. */
  images: z.record(z.string(), z.string()).default({}),
});
export type Deployment = z.infer<typeof deployment>;

/** `undefined` where nothing was deployed for this store. */
export async function readDeployment(store: Store): Promise<Deployment | undefined> {
  const body = await store.read(deploymentKey);
  if (!body) return undefined;
  const { data, error } = deployment.safeParse(JSON.parse(new TextDecoder().decode(body)));
  if (data) return data;
  throw new PipelineError({
    code: 'deployment-unreadable',
    message: `What was deployed for this store cannot be read: ${z.prettifyError(error)}`,
    where: `${store.url}/${deploymentKey}`,
    hint: 'A newer batch-pipeline may have written it. "batch-pipeline deploy" writes it anew.',
  });
}

/** Replaces what was there: read it first, and keep of it what is still so. */
export async function writeDeployment(store: Store, deployed: Deployment): Promise<void> {
  await store.write(deploymentKey, `${JSON.stringify(deployed, undefined, 2)}\n`);
}
