import type { BatchApi } from '../engine/aws-batch/batch-api.ts';
import type { DescribedDefinition } from '../engine/aws-batch/batch-types.ts';
import { isOurDefinition } from '../engine/aws-batch/job-definition.ts';
import type { Deployment } from '../ledger/deployment.ts';
import type { Garbage } from './garbage.ts';
import type { RunFacts } from './run-facts.ts';

/** Our job definitions for a role of this deployment whose image neither the deployment nor a running run uses. */
export function unusedDefinitions(
  definitions: readonly DescribedDefinition[],
  { jobRoleArn, conductorRoleArn, images }: Pick<Deployment, 'jobRoleArn' | 'conductorRoleArn' | 'images'>,
  runs: readonly RunFacts[],
): DescribedDefinition[] {
  const inUse = new Set<string | undefined>(Object.values(images));
  for (const { live, manifest } of runs) if (live) for (const { image } of manifest?.steps ?? []) inUse.add(image);
  const roles = [jobRoleArn, conductorRoleArn];
  return definitions.filter(
    ({ name, image, jobRoleArn: role }) =>
      isOurDefinition(name) && role !== undefined && roles.includes(role) && !inUse.has(image),
  );
}

/** Asks Batch for the definitions of a deployment's roles, and for their jobs in every queue named by a run. */
export async function definitionGarbage(
  api: Pick<BatchApi, 'activeDefinitions' | 'describeQueue' | 'listJobsOf'>,
  deployment: Deployment,
  runs: readonly RunFacts[],
): Promise<Garbage[]> {
  const unused = unusedDefinitions(await api.activeDefinitions(undefined), deployment, runs);
  const queues = unused.length === 0 ? [] : await queuesOf(api, deployment, runs);
  const garbage: Garbage[] = [];
  for (const { arn, image } of unused) {
    const jobs = (await Promise.all(queues.map((queue) => api.listJobsOf(queue, arn)))).flat();
    if (jobs.some(({ status }) => status !== 'SUCCEEDED' && status !== 'FAILED')) continue;
    const why = `image not in the deployment, no unfinished job: ${image}`;
    garbage.push({ kind: 'definition', group: 'job definitions', name: arn, keys: [], size: 0, why });
  }
  return garbage;
}

/** Definitions that are still active. */
async function queuesOf(
  api: Pick<BatchApi, 'describeQueue'>,
  { queue }: Deployment,
  runs: readonly RunFacts[],
): Promise<string[]> {
  const named = runs.map(({ manifest }) =>
    manifest?.engine === 'aws-batch' ? manifest.engineFlags['queue'] : undefined,
  );
  const names = [...new Set([queue, ...named])].filter((name) => typeof name === 'string');
  const described = await Promise.all(names.map((name) => api.describeQueue(name)));
  return described.flatMap((facts) => facts?.arn ?? []);
}
