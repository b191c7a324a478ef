import { z } from 'zod';
import { messageOf, PipelineError } from '../errors.ts';
import { deploymentKey } from '../record/keys.ts';
import { isNewer, newerDocument, parsedJson } from '../record/parse-document.ts';
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
  /** `PIPELINE/NAME` of an image (the last part of its folder) to its URI, by digest. Earlier versions wrote `NAME`. */
  images: z.record(z.string(), z.string()).default({}),
});
export type Deployment = z.infer<typeof deployment>;

/**
 * `undefined` where nothing was deployed for this store.
 * @param options with `ignoreUnreadable` also where what is there is damaged, for who writes it anew
 * @throws PipelineError `deployment-unreadable`, `document-newer`
 */
export async function readDeployment(
  store: Store,
  { ignoreUnreadable = false }: { ignoreUnreadable?: boolean } = {},
): Promise<Deployment | undefined> {
  const body = await store.read(deploymentKey);
  if (!body) return undefined;
  const { data, error } = json.pipe(deployment).safeParse(new TextDecoder().decode(body));
  if (data) return data;
  if (isNewer(deployment, parsedJson(body))) throw newerDocument(`${store.url}/${deploymentKey}`);
  if (ignoreUnreadable) return undefined;
  throw new PipelineError({
    code: 'deployment-unreadable',
    message: `What was deployed for this store cannot be read: ${z.prettifyError(error)}`,
    where: `${store.url}/${deploymentKey}`,
    hint: '"batch-pipeline deploy" writes it again.',
  });
}

/** Text, as far as it is JSON. */
const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
    return z.NEVER;
  }
});

/** Key of an image in `Deployment.images`: two pipelines may have folders of one name. */
export function imageKey(pipeline: string, name: string): string {
  return `${pipeline}/${name}`;
}

/** What was pushed for a pipeline, name to URI; entries of earlier versions are for every pipeline. */
export function imagesOf(images: Deployment['images'], pipeline: string): Record<string, string> {
  const entries = Object.entries(images);
  const own = imageKey(pipeline, '');
  return Object.fromEntries([
    ...entries.filter(([key]) => !key.includes('/')),
    ...entries.flatMap(([key, uri]) => (key.startsWith(own) ? [[key.slice(own.length), uri] as const] : [])),
  ]);
}

/** Replaces what was there: read it first, and keep of it what is still so. */
export async function writeDeployment(store: Store, deployed: Deployment): Promise<void> {
  await store.write(deploymentKey, `${JSON.stringify(deployed, undefined, 2)}\n`);
}
