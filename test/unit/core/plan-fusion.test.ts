import { expect, test } from 'vitest';
import fusion from '../../../pipelines/fusion/fusion.ts';
import { PipelineErrors } from '../../../src/errors.ts';
import { readParams } from '../../../src/pipeline/read-params.ts';
import { makePlan, type PlanRequest } from '../../../src/plan/plan.ts';
import type { PlanSample } from '../../../src/record/manifest.ts';
import { afterRun, request, running } from './plan-world.ts';

const file = (name: string) => ({ location: `/in/${name}`, size: 1, etag: name });
const REFERENCES = { fasta: file('cdna.fa'), gtf: file('genes.gtf') };

function withBam(name: string): PlanSample {
  return { name, files: { bam: file(`${name}.bam`) }, values: {} };
}

function withReads(name: string): PlanSample {
  return { name, files: { fastq_1: file(`${name}_1.fq`), fastq_2: file(`${name}_2.fq`) }, values: {} };
}

function fusionRequest(samples: readonly PlanSample[], more: Partial<PlanRequest> = {}): PlanRequest {
  return request(fusion, samples, { references: REFERENCES, params: readParams(fusion, []), ...more });
}

const COHORT = [withBam('S1'), withReads('S2')];

test('FASTQ samples skip picard', () => {
  expect(running(makePlan(fusionRequest(COHORT)), COHORT)).toMatchInlineSnapshot(`
    [
      "reference/cohort",
      "picard/S1",
      "kallisto/S1",
      "kallisto/S2",
      "pizzly/S1",
      "pizzly/S2",
      "gather/cohort",
    ]
  `);
});

test('a changed pizzly param reruns pizzly and the gather', () => {
  const before = afterRun(fusionRequest(COHORT));
  const params = readParams(fusion, [{ name: 'insertSize', value: '300', where: '-p' }]);
  expect(running(makePlan({ ...before, params }), COHORT)).toEqual(['pizzly/S1', 'pizzly/S2', 'gather/cohort']);
});

test('three more samples run three samples and the gather; the reference is up to date', () => {
  const before = afterRun(fusionRequest(COHORT));
  const samples = [...COHORT, withBam('S3'), withReads('S4'), withBam('S5')];
  expect(running(makePlan({ ...before, samples }), samples)).toMatchInlineSnapshot(`
    [
      "picard/S3",
      "picard/S5",
      "kallisto/S3",
      "kallisto/S4",
      "kallisto/S5",
      "pizzly/S3",
      "pizzly/S4",
      "pizzly/S5",
      "gather/cohort",
    ]
  `);
});

test('a new tool version reruns the step that uses it and what follows', () => {
  const before = afterRun(fusionRequest(COHORT));
  const identities = { ...before.identities, kallisto: { code: 'kallisto', environment: 'tools 2' } };
  expect(running(makePlan({ ...before, identities }), COHORT)).toEqual([
    ...['kallisto/S1', 'kallisto/S2', 'pizzly/S1', 'pizzly/S2', 'gather/cohort'],
  ]);
});

test('a copy of a reference with the same checksum reruns nothing, different content everything downstream', () => {
  const summed = (etag: string, sha256: string) => ({ ...file('cdna.fa'), etag, sha256 });
  const with_ = (fasta: PlanRequest['references'][string]) => ({ references: { ...REFERENCES, fasta } });
  const before = afterRun(fusionRequest(COHORT, with_(summed('1', 'aa'))));
  expect(running(makePlan({ ...before, ...with_(summed('2', 'aa')) }), COHORT)).toEqual([]);
  expect(running(makePlan({ ...before, ...with_(summed('1', 'bb')) }), COHORT)).toMatchInlineSnapshot(`
    [
      "reference/cohort",
      "kallisto/S1",
      "kallisto/S2",
      "pizzly/S1",
      "pizzly/S2",
      "gather/cohort",
    ]
  `);
});

function errorsOf(make: () => unknown): string[] {
  try {
    make();
  } catch (error) {
    if (error instanceof PipelineErrors)
      return error.errors.map(({ where = '', message }) => `${where} ${message}`.trim());
    return [(error as Error).message];
  }
  return [];
}

test('missing inputs are reported once: a reference for all, a file per sample', () => {
  const samples: PlanSample[] = [
    { name: 'S1', files: {}, values: {}, where: 'sheet.csv:2' },
    { name: 'S2', files: {}, values: {}, where: 'sheet.csv:3' },
    withReads('S3'),
  ];
  expect(errorsOf(() => makePlan(fusionRequest(samples, { references: { gtf: REFERENCES.gtf } }))))
    .toMatchInlineSnapshot(`
    [
      "Step reference needs the reference "fasta"",
      "sheet.csv:2 Sample "S1" has no "bam" that step picard needs",
      "sheet.csv:3 Sample "S2" has no "bam" that step picard needs",
    ]
  `);
});

test('both mates are required', () => {
  const half: PlanSample = { name: 'S1', files: { fastq_1: file('1.fq') }, values: {}, where: 'sheet.csv:2' };
  expect(errorsOf(() => makePlan(fusionRequest([half])))).toMatchInlineSnapshot(`
    [
      "Sample "S1" has no "bam" that step picard needs",
    ]
  `);
});
