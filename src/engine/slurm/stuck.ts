/** Slurm's reasons (squeue(1), JOB REASON CODES) why a task waits that do not pass by themselves. */
const REASONS: readonly (readonly [RegExp, (jobId: string) => string])[] = [
  [/^JobHeld/, (jobId) => `It is held. Let it go with \`scontrol release ${jobId}\`.`],
  [
    /held/,
    (jobId) =>
      `Slurm could not start it, and holds it. Once the node is well: \`scontrol release ${jobId}\`. \`sinfo -R\` tells more.`,
  ],
  [/^Partition(Down|Inactive)/, () => 'Its partition takes no jobs. Cancel, and name another partition.'],
  [
    /^(InvalidAccount|InvalidQOS|AccountNotAllowed|QOSNotAllowed|AssocNotAllowed)/,
    () => 'Its account or QOS may not run here. Cancel, and name another one.',
  ],
  [
    /^(BadConstraints|Partition\w*Limit|\w+PerJob(Limit)?)$/,
    () => 'It asks for more than it can get. Cancel, and ask for less or name another partition.',
  ],
  [/^ReqNodeNotAvail|DOWN, DRAINED/, () => 'The nodes that it could run on are down. `sinfo -R` tells why.'],
];

/** What to do about a job that waits for this reason; `undefined` if waiting is all there is to do. */
export function stuckText(jobId: string, reason: string | undefined): string | undefined {
  if (reason === undefined) return undefined;
  const known = REASONS.find(([pattern]) => pattern.test(reason));
  return known && `${reason}: ${known[1](jobId)}`;
}
