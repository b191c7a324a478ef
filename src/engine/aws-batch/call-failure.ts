import { ExitCode, messageOf, PipelineError, systemCode } from '../../errors.ts';

/**
 * What an API call that threw has done:
 * - `throttled`: nothing, and may be made again after a rest; `unsent`: nothing, it never got there.
 * - `lost`: nobody knows. Asking again does no harm; submitting again may.
 * - `refused`: nothing, and it will not.
 */
export type CallFailure = 'throttled' | 'unsent' | 'lost' | 'refused';

const THROTTLED = /^(TooManyRequests|Throttl|RequestLimitExceeded|RequestThrottled|SlowDown|PriorRequestNotComplete)/;
const UNSENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const CREDENTIALS =
  /^(CredentialsProvider|UnrecognizedClient|InvalidClientTokenId|ExpiredToken|InvalidSignature|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken|TokenRefreshRequired)/;
const DENIED = /^(AccessDenied|UnauthorizedOperation)/;

export function failureOf(error: unknown): CallFailure {
  const { name, status } = factsOf(error);
  if (THROTTLED.test(name) || status === 429) return 'throttled';
  if (UNSENT.has(systemCode(error) ?? '')) return 'unsent';
  if (CREDENTIALS.test(name) || DENIED.test(name)) return 'refused';
  return status !== undefined && status >= 400 && status < 500 ? 'refused' : 'lost';
}

/** True where AWS says that this principal may not. */
function isDenied(error: unknown): boolean {
  const { name, status } = factsOf(error);
  return DENIED.test(name) || (status === 403 && !CREDENTIALS.test(name));
}

/** The error to show to a user. `action` is AWS's name for what was tried: `batch:SubmitJob`. */
export function apiError(error: unknown, action: string, where?: string): PipelineError {
  if (error instanceof PipelineError) return error;
  const place = where === undefined ? {} : { where };
  const common = { ...place, cause: error, exitCode: ExitCode.environment };
  const { name } = factsOf(error);
  if (CREDENTIALS.test(name) || /credential/i.test(messageOf(error))) {
    return new PipelineError({
      code: 'aws-credentials',
      message: `AWS does not accept the credentials, or there are none: ${messageOf(error)}`,
      hint: 'Log in again, or check AWS_PROFILE and the keys: aws sts get-caller-identity',
      ...common,
    });
  }
  if (isDenied(error)) {
    const hint = `Needed is ${action}; docs/aws-batch.md lists all permissions.`;
    return new PipelineError({ code: 'aws-denied', message: `AWS denies ${action}`, hint, ...common });
  }
  if (messageOf(error).startsWith('Region is missing')) {
    const hint = 'Set AWS_REGION, or the region of the profile.';
    return new PipelineError({ code: 'aws-region', message: 'No AWS region is set', hint, ...common });
  }
  return failureOf(error) === 'refused'
    ? new PipelineError({ code: 'aws-refused', message: `${action}: ${messageOf(error)}`, ...common })
    : new PipelineError({
        code: 'aws-unreachable',
        message: `${action} got no answer: ${messageOf(error) || name}`,
        hint: 'Run the same command again: what is done stays done, and is not done twice.',
        ...common,
      });
}

function factsOf(error: unknown): { name: string; status: number | undefined } {
  const { name, $metadata } = (error ?? {}) as { name?: unknown; $metadata?: { httpStatusCode?: number } };
  return { name: typeof name === 'string' ? name : '', status: $metadata?.httpStatusCode };
}
