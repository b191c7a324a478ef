import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '../../errors.ts';
import { isAbort } from '../store-errors.ts';
import { backoffMs } from '../../aws/retry.ts';
import { urlOf, type S3Bucket } from './s3-bucket.ts';
import { s3Error } from './s3-error.ts';
import { openRange, type ObjectRange } from './s3-objects.ts';

/** Consecutive interrupted responses without a byte in between. */
const MAX_FAILURES = 8;

/** The bytes of a range; an interrupted response is resumed where it ended. */
export async function* readRange(
  bucket: S3Bucket,
  key: string,
  range: ObjectRange,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  let start = range.start;
  for (let failures = 0; start < range.end;) {
    try {
      for await (const chunk of await openRange(bucket, key, { ...range, start }, signal)) {
        start += (chunk as Buffer).length;
        failures = 0;
        yield chunk as Buffer;
      }
      if (start < range.end) failures++;
    } catch (error) {
      failures++;
      if (error instanceof PipelineError || isAbort(error) || failures >= MAX_FAILURES) {
        throw s3Error(error, urlOf(bucket, key));
      }
    }
    if (start < range.end) await sleep(backoffMs(failures, 'other'), undefined, signal ? { signal } : {});
  }
}
