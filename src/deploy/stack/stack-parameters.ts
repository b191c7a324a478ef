/** Parameters of stack.yaml, in which they are described. */
export const STACK_PARAMETERS = [
  'BucketName',
  'MakeBucket',
  'Prefix',
  'InputObjects',
  'KmsKeyArn',
  'FastqDays',
  'MakeRepositories',
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

/** What somebody asks for; all else stays as it is, or is what the template says. */
export type StackWishes = Readonly<Partial<Record<StackParameter, string>>>;

/**
 * The parameters of a change set: what is wished for, else `undefined` for what the stack has already. Those that it
 * has not are left out, so that the template decides.
 */
export function stackParameters(
  wishes: StackWishes,
  before: Readonly<Record<string, string>> = {},
): Record<string, string | undefined> {
  return Object.fromEntries(
    STACK_PARAMETERS.filter((name) => wishes[name] !== undefined || before[name] !== undefined).map((name) => [
      name,
      wishes[name],
    ]),
  );
}
