import { given } from '../given.ts';
import { ExitCode, messageOf, PipelineError, systemCode } from '../errors.ts';

/**
 * What a failed API call has done:
 * - `throttled`: nothing, and it may be sent again after a rest; `unsent`: nothing, it never reached AWS.
 * - `lost`: unknown. Asking again does no harm; submitting again may.
 * - `refused`: nothing, and another attempt fails the same way.
 */
export type CallFailure = 'throttled' | 'unsent' | 'lost' | 'refused';

const THROTTLED = /^(TooManyRequests|Throttl|RequestLimitExceeded|RequestThrottled|SlowDown|PriorRequestNotComplete)/;
const UNSENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const CREDENTIALS =
  /^(CredentialsProvider|UnrecognizedClient|InvalidClientTokenId|ExpiredToken|InvalidSignature|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken|TokenRefreshRequired|InvalidAccessKeyId|InvalidToken)/;
const DENIED = /^(AccessDenied|AllAccessDisabled|UnauthorizedOperation)/;

export function failureOf(error: unknown): CallFailure {
  const name = nameOf(error);
  const status = statusOf(error);
  if (THROTTLED.test(name) || status === 429) return 'throttled';
  if (UNSENT.has(systemCode(error) ?? '')) return 'unsent';
  if (CREDENTIALS.test(name) || DENIED.test(name)) return 'refused';
  return status !== undefined && status >= 400 && status < 500 ? 'refused' : 'lost';
}

/** True if AWS rejects the credentials, or there are none. */
export function isCredentialsError(error: unknown): boolean {
  return CREDENTIALS.test(nameOf(error));
}

/** True if the credentials are valid, but the permission is missing. */
export function isDenied(error: unknown): boolean {
  return DENIED.test(nameOf(error)) || (statusOf(error) === 403 && !isCredentialsError(error));
}

/** True for an error to which AWS (or the SDK for it) gave this name. */
export function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

/** HTTP status of a response that the SDK turned into an error. */
export function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
}

/** For a user whose credentials AWS rejects. */
export const CREDENTIALS_ADVICE = {
  code: 'aws-credentials',
  message: 'AWS does not accept the credentials, or there are none',
  hint: 'Log in again, or check AWS_PROFILE and the keys: aws sts get-caller-identity',
} as const;

/** The error to show to a user. `action` is AWS's name for the call: `batch:SubmitJob`. */
export function apiError(error: unknown, action: string, where?: string): PipelineError {
  if (error instanceof PipelineError) return error;
  const common = { ...given({ where }), cause: error, exitCode: ExitCode.environment };
  if (isCredentialsError(error) || /credential/i.test(messageOf(error))) {
    const message = `${CREDENTIALS_ADVICE.message}: ${messageOf(error)}`;
    return new PipelineError({ ...CREDENTIALS_ADVICE, message, ...common });
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
        message: `${action} got no answer: ${messageOf(error) || nameOf(error)}`,
        hint: 'Run the same command again: what is done stays done, and is not done twice.',
        ...common,
      });
}

function nameOf(error: unknown): string {
  const { name } = (error ?? {}) as { name?: unknown };
  return typeof name === 'string' ? name : '';
}
