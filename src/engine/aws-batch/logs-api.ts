import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  GetLogEventsCommand,
  type GetLogEventsCommandOutput,
} from '@aws-sdk/client-cloudwatch-logs';
import type { ApiOptions } from './batch-api.ts';
import { apiError } from './call-failure.ts';
import { patientRetries } from './patient-retries.ts';

/** What this engine asks of CloudWatch Logs. */
export interface LogsApi {
  /** The end of a stream, up to 1 MiB or 10,000 lines; `undefined` if there is no such stream. */
  streamEnd(group: string, stream: string): Promise<string | undefined>;
  hasGroup(group: string): Promise<boolean>;
  close(): void;
}

/** CloudWatch Logs through its SDK: the only file that imports it. */
export function openLogsApi({ region, endpoint, patienceMs }: ApiOptions): LogsApi {
  const client = new CloudWatchLogsClient({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    retryStrategy: patientRetries(patienceMs),
  });
  return {
    async streamEnd(logGroupName, logStreamName) {
      try {
        return linesOf(await client.send(new GetLogEventsCommand({ logGroupName, logStreamName })));
      } catch (error) {
        if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
        throw apiError(error, 'logs:GetLogEvents', `${logGroupName} ${logStreamName}`);
      }
    },
    async hasGroup(name) {
      try {
        const { logGroups = [] } = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
        return logGroups.some(({ logGroupName }) => logGroupName === name);
      } catch (error) {
        throw apiError(error, 'logs:DescribeLogGroups', name);
      }
    },
    close: () => client.destroy(),
  };
}

function linesOf({ events = [] }: GetLogEventsCommandOutput): string {
  return events.map(({ message }) => `${message ?? ''}\n`).join('');
}
