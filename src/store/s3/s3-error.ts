import { ExitCode, PipelineError, messageOf, systemCode } from '../../errors.ts';
import { CREDENTIALS_ADVICE, failureOf, isCredentialsError, isDenied, statusOf } from '../../aws/failure.ts';
import { isAbort } from '../store-errors.ts';

interface Explanation {
  code: string;
  message: string;
  hint?: string;
}

const DENIED: Explanation = {
  code: 'store-denied',
  message: 'Access to the bucket is denied',
  hint: 'Required are s3:GetObject, PutObject, DeleteObject, AbortMultipartUpload on the prefix, and s3:ListBucket.',
};
const UNREACHABLE: Explanation = {
  code: 'store-unreachable',
  message: 'The server of the bucket does not answer',
  hint: 'Check the network, the region and the endpoint.',
};
const BUSY: Explanation = {
  code: 'store-busy',
  message: 'S3 keeps asking to slow down',
  hint: 'Run the same command again later: finished tasks are kept.',
};
const FULL: Explanation = { code: 'store-full', message: 'The server of the bucket has no space left' };
const KMS: Explanation = { code: 'store-encryption', message: 'The key of the bucket cannot be used' };

/** docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and what S3-compatible servers add to it. */
const BY_NAME: Readonly<Record<string, Explanation>> = {
  NoSuchBucket: { code: 'store-missing', message: 'There is no such bucket', hint: 'Create it, or check its name.' },
  NoSuchUpload: {
    code: 'upload-lost',
    message: 'The upload was removed before it was complete',
    hint: 'Run the same command again.',
  },
  ServiceUnavailable: BUSY,
  QuotaExceeded: FULL,
  XMinioStorageFull: FULL,
  InvalidObjectState: {
    code: 'object-archived',
    message: 'The object is archived (Glacier)',
    hint: 'Restore it first: aws s3api restore-object',
  },
};
const BY_STATUS: Readonly<Record<number, Explanation>> = {
  401: CREDENTIALS_ADVICE,
  503: BUSY,
  507: FULL,
};
const NETWORK = /^(ECONN|ENOTFOUND|EAI_|EHOST|ENET|ETIMEDOUT|EPIPE|CERT_|DEPTH_ZERO|UNABLE_TO)/;

/** Turns an error of the SDK into a PipelineError with a hint; passes on aborts and PipelineErrors. */
export function s3Error(error: unknown, where: string): unknown {
  if (error instanceof PipelineError || isAbort(error)) return error;
  const explanation = explain(error);
  const message = `${explanation.message}: ${wordsOf(error)}`;
  return new PipelineError({ ...explanation, message, where, exitCode: ExitCode.environment, cause: error });
}

function explain(error: unknown): Explanation {
  const name = error instanceof Error ? error.name : '';
  const byName = BY_NAME[name] ?? (name.startsWith('KMS.') ? KMS : undefined);
  if (byName) return byName;
  if (name === 'TimeoutError' || NETWORK.test(systemCode(error) ?? '')) return UNREACHABLE;
  if (isCredentialsError(error)) return CREDENTIALS_ADVICE;
  if (isDenied(error)) return DENIED;
  if (failureOf(error) === 'throttled') return BUSY;
  return BY_STATUS[statusOf(error) ?? 0] ?? { code: 'store-failed', message: 'S3 failed' };
}

/** A response without a body has no message but its status; the SDK then reports "UnknownError". */
function wordsOf(error: unknown): string {
  const status = statusOf(error);
  const name = error instanceof Error ? error.name : '';
  const words = messageOf(error) || name;
  return /^Unknown(Error)?$/.test(words) || words === name ? `${name} (HTTP ${status ?? 'error'})` : words;
}
