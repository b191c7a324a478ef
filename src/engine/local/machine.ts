import { totalmem } from 'node:os';
import type { Finding, TaskResources } from '../engine.ts';
import type { Capacity } from './schedule.ts';

/** Memory that this process may use, in MiB: the container's limit if there is one. */
export function machineMemoryMiB(): number {
  const limit = process.constrainedMemory();
  return Math.floor((limit > 0 ? Math.min(limit, totalmem()) : totalmem()) / 1024 / 1024);
}

/** A step that needs more than the machine has would wait for ever. */
export function machineFindings(
  needs: readonly { step: string; resources: TaskResources }[],
  capacity: Capacity,
): Finding[] {
  return needs.flatMap(({ step, resources }) => [
    ...finding(step, 'cpus', resources.cpus, capacity.cpus, ''),
    ...finding(step, 'memory', resources.memoryMiB, capacity.memoryMiB, ' MB'),
  ]);
}

function finding(step: string, what: 'cpus' | 'memory', needed: number, there: number, unit: string): Finding[] {
  if (needed <= there) return [];
  return [
    {
      level: 'error',
      subject: `${what} of step ${step}`,
      message: `Step ${step} asks for ${needed}${unit || ` ${what}`}${unit && ` of ${what}`}, this machine has ${there}${unit}`,
      hint: `Give the step less: --set ${step}.${what}=${there}${what === 'memory' ? 'MB' : ''}`,
    },
  ];
}
