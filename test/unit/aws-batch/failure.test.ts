import { describe, expect, test } from 'vitest';
import { apiError, failureOf } from '../../../src/aws/failure.ts';

function sdkError(name: string, httpStatusCode?: number, message = name): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
}
const socket = (code: string) => Object.assign(new Error(`connect ${code}`), { code });

describe('the effect of a failed call:', () => {
  test.for<[string, unknown, string]>([
    ['Batch is asked too much', sdkError('TooManyRequestsException', 429), 'throttled'],
    ['a throttle by name alone', sdkError('ThrottlingException', 400), 'throttled'],
    ['the request is wrong', sdkError('ClientException', 400), 'refused'],
    ['it may not', sdkError('AccessDeniedException', 403), 'refused'],
    ['no credentials', sdkError('CredentialsProviderError'), 'refused'],
    ['a mistake of the server', sdkError('ServerException', 500), 'lost'],
    ['the connection was cut', socket('ECONNRESET'), 'lost'],
    ['no answer in time', sdkError('TimeoutError'), 'lost'],
    ['nobody listens', socket('ECONNREFUSED'), 'unsent'],
    ['no such host', socket('ENOTFOUND'), 'unsent'],
  ])('%s', ([, error, failure]) => expect(failureOf(error)).toBe(failure));
});

test.for([
  [
    sdkError('AccessDeniedException', 403),
    'aws-denied',
    'Needed is batch:SubmitJob; docs/aws-batch.md lists all permissions.',
  ],
  [
    sdkError('ExpiredTokenException', 403),
    'aws-credentials',
    'Log in again, or check AWS_PROFILE and the keys: aws sts get-caller-identity',
  ],
  [sdkError('ClientException', 400, 'Job queue x does not exist'), 'aws-refused', undefined],
  [sdkError('Error', undefined, 'Region is missing'), 'aws-region', 'Set AWS_REGION, or the region of the profile.'],
  [
    socket('ECONNRESET'),
    'aws-unreachable',
    'Run the same command again: what is done stays done, and is not done twice.',
  ],
] as const)('%s is reported with what to do', ([error, code, hint]) => {
  expect(apiError(error, 'batch:SubmitJob')).toMatchObject({ code, hint });
});
