import { readFileSync } from 'node:fs';
import { programPart } from '../program-parts.ts';

/** The CloudFormation template, with its comments. */
export function stackTemplate(): string {
  return readFileSync(programPart('stack'), 'utf8');
}

/** Parameters of stack.yaml, in which they are described. */
export const STACK_PARAMETERS = [
  'BucketName',
  'MakeBucket',
  'Prefix',
  'InputObjects',
  'KmsKeyArn',
  'IntermediateDays',
  'JobRoleArn',
  'LogGroupName',
  'LogDays',
  'QueueArn',
  'VpcId',
  'SubnetIds',
  'MaxVcpus',
  'InstanceTypes',
  'DiskGiB',
] as const;
export type StackParameter = (typeof STACK_PARAMETERS)[number];

/** Parameters to set; all others keep their value, or the default of the template. */
export type StackWishes = Readonly<Partial<Record<StackParameter, string>>>;

/**
 * The parameters of a change set: what is wished for, else `undefined` for what the stack has already. Those that it
 * has not are left out, so that the template decides.
 */
export function stackParameters(
  wishes: StackWishes,
  before: Readonly<Record<string, string>> = {},
): Record<string, string | undefined> {
  const wanted = { ...renamed(before), ...wishes };
  return Object.fromEntries(
    STACK_PARAMETERS.filter((name) => wanted[name] !== undefined || before[name] !== undefined).map((name) => [
      name,
      wanted[name],
    ]),
  );
}

/** A stack of an earlier version keeps its setting under the parameter's new name. */
function renamed({ FastqDays, IntermediateDays }: Readonly<Record<string, string>>): StackWishes {
  return FastqDays === undefined || IntermediateDays !== undefined ? {} : { IntermediateDays: FastqDays };
}
