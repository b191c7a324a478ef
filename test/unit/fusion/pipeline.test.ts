import { expect, test } from 'vitest';
import type { z } from 'zod';
import fusion from '../../../pipelines/fusion/fusion.ts';
import { upstreamSteps } from '../../../src/pipeline/pipeline.ts';

test('the steps and what they wait for', () => {
  const lines = fusion.steps.map((step) => `${step.name} (${step.scope}) <- ${upstreamSteps(step).join(', ')}`);
  expect(lines).toMatchInlineSnapshot(`
    [
      "reference (cohort) <- ",
      "picard (sample) <- ",
      "kallisto (sample) <- reference, picard",
      "pizzly (sample) <- kallisto, reference",
      "gather (cohort) <- pizzly",
    ]
  `);
});

test('every param has a default and a description', () => {
  const defaults = Object.values(fusion.params).map(({ name, schema }) => [name, schema.parse(undefined)]);
  expect(Object.fromEntries(defaults)).toMatchInlineSnapshot(`
    {
      "alignScore": 2,
      "bootstraps": 30,
      "compressionLevel": 1,
      "ignoreProtein": false,
      "includeNonPfReads": true,
      "insertSize": 400,
      "k": 31,
      "maxRecordsInRam": 250000,
      "quiet": true,
      "seed": 42,
      "strandedness": "rf-stranded",
      "validationStringency": "SILENT",
    }
  `);
  for (const { schema } of Object.values(fusion.params)) expect((schema as z.ZodType).description).toMatch(/\w/);
});

test.each([
  ['k', 30],
  ['k', 33],
  ['insertSize', 'long'],
  ['compressionLevel', 10],
  ['strandedness', 'reverse-ish'],
  ['bootstraps', -1],
])('%s = %s is refused', (name, value) => {
  expect(fusion.params[name]?.schema.safeParse(value).success).toBe(false);
});

test('every step that runs tools names its image, and has a version', () => {
  for (const step of fusion.steps)
    expect([step.image, step.version]).toEqual([expect.stringMatching(/^images\//), '1']);
});
