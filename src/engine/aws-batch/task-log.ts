import type { BatchApi } from './batch-api.ts';
import type { LogsApi } from './logs-api.ts';
import { childId } from './task-verdicts.ts';

/** The end of the log of a task's last attempt, from CloudWatch Logs. */
export async function taskLog(
  { api, logs }: { api: BatchApi; logs: LogsApi },
  jobId: string,
  index: number,
  logGroup: string,
): Promise<string | undefined> {
  const [child, plain] = await Promise.all([api.describeJobs([childId(jobId, index)]), api.describeJobs([jobId])]);
  const job = child[0] ?? (plain[0]?.arrayProperties?.size === undefined && index === 0 ? plain[0] : undefined);
  const stream = job?.container?.logStreamName ?? job?.attempts.at(-1)?.container?.logStreamName;
  if (stream === undefined) return undefined;
  return logs.streamEnd(job?.container?.logGroup ?? logGroup, stream);
}
