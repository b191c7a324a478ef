import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  GetLogEventsCommand,
  type GetLogEventsCommandOutput,
} from '@aws-sdk/client-cloudwatch-logs';
import { type ApiOptions, ask, clientConfig } from '../../aws/client.ts';
import { isNamed } from '../../aws/failure.ts';
import type { BatchApi } from './batch-api.ts';
import { childId } from './task-verdicts.ts';

/** What this engine asks of CloudWatch Logs. */
export interface LogsApi {
  /** The end of a stream, up to 1 MiB or 10,000 lines; `undefined` if there is no such stream. */
  streamEnd(group: string, stream: string): Promise<string | undefined>;
  hasGroup(group: string): Promise<boolean>;
  close(): void;
}

/** CloudWatch Logs through its SDK: the only file that imports it. */
export function openLogsApi(options: ApiOptions): LogsApi {
  const client = new CloudWatchLogsClient(clientConfig(options));
  return {
    streamEnd: (logGroupName, logStreamName) =>
      ask(
        'logs:GetLogEvents',
        () => streamEnd(client, logGroupName, logStreamName),
        `${logGroupName} ${logStreamName}`,
      ),
    hasGroup: (name) =>
      ask(
        'logs:DescribeLogGroups',
        async () => {
          const { logGroups = [] } = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
          return logGroups.some(({ logGroupName }) => logGroupName === name);
        },
        name,
      ),
    close: () => client.destroy(),
  };
}

async function streamEnd(
  client: CloudWatchLogsClient,
  logGroupName: string,
  logStreamName: string,
): Promise<string | undefined> {
  try {
    return linesOf(await client.send(new GetLogEventsCommand({ logGroupName, logStreamName })));
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) return undefined;
    throw error;
  }
}

function linesOf({ events = [] }: GetLogEventsCommandOutput): string {
  return events.map(({ message }) => `${message ?? ''}\n`).join('');
}

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
