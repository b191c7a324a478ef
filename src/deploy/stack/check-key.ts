import { PipelineError } from '../../errors.ts';

/**
 * A stack's roles and policies may use one KMS key: with another, what was encrypted with the first could be read by
 * nobody.
 * @param before the stack's key; empty where it has none
 * @throws PipelineError `key-change`
 */
export function checkKey(before: string | undefined, wanted: string | undefined): void {
  if (!before || wanted === undefined || wanted === before) return;
  throw new PipelineError({
    code: 'key-change',
    message: `The objects of this stack are encrypted with ${before}: with ${wanted === '' ? 'no key' : 'another key'} nobody could read them`,
    where: '--kms-key',
    hint: 'Leave --kms-key away. For another key, deploy another stack with a store of its own: --stack-name, --store.',
  });
}
