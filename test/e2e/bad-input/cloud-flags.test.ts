import { expect, test } from 'vitest';
import { refusal } from './refusal.ts';

test('flags for AWS alone are refused with a folder store', async () => {
  expect(await refusal(['images', 'push'], {})).toMatchInlineSnapshot(`
    "exit 2
    error: --store: ./batch-pipeline-store is not an S3 store
      -> Give the store of the runs that use the images: --store s3://BUCKET/PREFIX, or BATCH_PIPELINE_STORE."
  `);
});

test('the template is not printed as JSON', async () => {
  expect(await refusal(['deploy', '--print', '--json'], {})).toMatchInlineSnapshot(`
    "exit 2
    error: --print and --json cannot be combined: the template is YAML
      -> Omit one of them."
  `);
});

test('an invalid poll interval is reported before anything is polled', async () => {
  const env = { AWS_REGION: 'us-east-1', BATCH_PIPELINE_POLL_SECONDS: 'abc' };
  expect(await refusal(['deploy', '--plan'], {}, env)).toMatchInlineSnapshot(`
    "exit 2
    error: BATCH_PIPELINE_POLL_SECONDS: "abc" is not a number of seconds"
  `);
});
