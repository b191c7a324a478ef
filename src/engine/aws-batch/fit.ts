import type { Finding, TaskResources } from '../engine.ts';
import type { InstanceSize } from '../../aws/account.ts';
import type { EnvironmentFacts } from './batch-types.ts';

/**
 * Fraction of an instance's memory that the kernel and the ECS agent take, unavailable to jobs:
 * docs.aws.amazon.com/batch/latest/userguide/memory-management.html. 2 to 7 % have been observed: above the lower bound
 * a step certainly does not fit, between the two it may not.
 */
const TAKEN = { least: 0.02, most: 0.07 } as const;

export interface StepNeed {
  step: string;
  resources: TaskResources;
}

/**
 * Whether a task of this step can ever start in one of these environments. `sizes` by environment; absent where
 * unknown.
 */
export function fit(
  { step, resources }: StepNeed,
  environments: readonly EnvironmentFacts[],
  sizes: ReadonlyMap<string, readonly InstanceSize[]>,
): Finding {
  const subject = `step ${step}`;
  const { cpus, memoryMiB } = resources;
  const asks = `asks for ${cpus} vCPU and ${memoryMiB} MB`;
  // Instances that Batch does not start may be of any size and number.
  const wide = environments.filter(({ type, maxVcpus }) => type === 'UNMANAGED' || maxVcpus >= cpus);
  if (wide.length === 0) {
    const most = Math.max(0, ...environments.map(({ maxVcpus }) => maxVcpus));
    const message = `Step ${step} ${asks}; the queue's environments have ${most} vCPU at most`;
    return { level: 'error', subject, message, hint: `Raise maxvCpus, or: --set ${step}.cpus=${most}` };
  }
  if (wide.some(({ name }) => !sizes.has(name))) return { level: 'ok', subject, message: asks };
  const types = wide.flatMap(({ name }) => sizes.get(name) ?? []).filter(({ vcpus }) => vcpus >= cpus);
  const largest = types.toSorted((a, b) => b.memoryMiB - a.memoryMiB)[0];
  if (!largest || memoryMiB > largest.memoryMiB * (1 - TAKEN.least)) {
    const there = largest
      ? `the largest instance is ${largest.type}, with ${largest.memoryMiB} MB less what the system takes`
      : `no instance type has ${cpus} vCPU`;
    const message = `Step ${step} ${asks}; ${there}`;
    return { level: 'error', subject, message, hint: `Allow larger instance types, or: --set ${step}.memory=…` };
  }
  const tight = memoryMiB > largest.memoryMiB * (1 - TAKEN.most);
  const message = `${asks}; ${largest.type} has ${largest.memoryMiB} MB, of which the system takes some`;
  return tight ? { level: 'warning', subject, message } : { level: 'ok', subject, message: asks };
}
