import type { QueueView } from './queue-look.ts';
import { usableEnvironments } from './queue-look.ts';

/**
 * Batch's reasons for a job that blocks its queue:
 * docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html
 */
const ADVICE: readonly [RegExp, string][] = [
  [/COMPUTE_ENVIRONMENT_MAX_RESOURCE/, 'Raise the maximum of vCPUs of the compute environment.'],
  [
    /JOB_RESOURCE_REQUIREMENT/,
    'Allow larger instance types, or give the step less: --set STEP.memory=… or STEP.cpus=…',
  ],
  [/INSUFFICIENT_INSTANCE_CAPACITY/, 'Allow more instance types or zones, or an On-Demand environment behind Spot.'],
  [/SERVICE_ROLE_PERMISSIONS/, "The service role of the compute environment lacks permissions: use Batch's own."],
  [/EC2_INSTANCE_CONFIGURATION_UNSUPPORTED/, 'The launch template does not fit these instance types.'],
  [/ACTION_REQUIRED/, 'A compute environment is invalid: see its status reason.'],
];

/** Why nothing starts, and what to do, in a sentence or two. */
export function stuckText(statusReason: string | undefined, view: QueueView): string {
  const cause = environmentTrouble(view) ?? statusReason;
  if (cause === undefined) {
    return 'Nothing starts, and AWS Batch does not say why: other jobs may be ahead, or instances cannot join the cluster.';
  }
  const advice = ADVICE.find(([pattern]) => pattern.test(cause))?.[1];
  const told = `Nothing starts: ${cause.replace(/\.?$/, '.')}`;
  return advice === undefined ? told : `${told} ${advice}`;
}

/** What is wrong with a queue for jobs; `undefined` if they could start. */
export function queueTrouble(view: QueueView): string | undefined {
  const { queue } = view;
  // A disabled queue still processes the jobs it has.
  return queue?.enabled === false ? `the job queue ${queue.name} is disabled` : environmentTrouble(view);
}

function environmentTrouble(view: QueueView): string | undefined {
  const { queue, environments } = view;
  if (!queue) return 'the job queue no longer exists';
  if (queue.status === 'INVALID') return `the job queue ${queue.name} is invalid: ${queue.statusReason ?? 'no reason'}`;
  if (environments.length === 0) return `the job queue ${queue.name} has no compute environment`;
  if (usableEnvironments(view).length > 0) return undefined;
  const each = environments.map(({ name, enabled, statusReason }) =>
    enabled ? `${name} is invalid (${statusReason ?? 'no reason'})` : `${name} is disabled`,
  );
  return `no compute environment of queue ${queue.name} can be used: ${each.join(', ')}`;
}
