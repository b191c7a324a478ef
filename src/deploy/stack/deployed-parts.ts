import type { Deployment } from '../../ledger/deployment.ts';
import type { StackFacts } from './cloudformation-api.ts';

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
