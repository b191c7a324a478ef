import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { PipelineError } from '../../../src/errors.ts';
import { attemptRecord, readRecord } from '../../../src/record/attempt-record.ts';
import { jobDocument, manifest, samplePage } from '../../../src/record/manifest.ts';
import { parseDocument } from '../../../src/record/parse-document.ts';

/** Documents that this program wrote when their version was new. They are never changed: stores hold millions of them. */
function stored(version: string, name: string): Buffer {
  return readFileSync(join(import.meta.dirname, version, `${name}.json`));
}

const FORMATS: readonly [name: string, schema: z.ZodType][] = [
  ['succeeded', attemptRecord],
  ['failed', attemptRecord],
  ['manifest', manifest],
  ['samples', samplePage],
  ['job', jobDocument],
];

describe('documents of version 1', () => {
  test.each(FORMATS)('%s is read, and nothing of it is lost', (name, schema) => {
    const body = stored('v1', name);
    expect(parseDocument(schema, name, body)).toEqual(JSON.parse(body.toString()));
  });

  test('records describe the outcome of an attempt', () => {
    expect(readRecord('r', stored('v1', 'succeeded'))).toMatchObject({
      state: 'succeeded',
      sample: 'S1',
      metrics: { lines: 2 },
    });
    expect(readRecord('r', stored('v1', 'failed'))).toMatchObject({ state: 'failed', sample: 'S2', cause: 'tool' });
  });
});

test('a manifest of version 2, which names the code of the run, is read, and nothing of it is lost', () => {
  const body = stored('v2', 'manifest');
  expect(parseDocument(manifest, 'manifest', body)).toEqual(JSON.parse(body.toString()));
});

describe('what is not a document', () => {
  const body = stored('v1', 'job');
  const codeOf = (given: Buffer | undefined, sha256?: string): string => {
    try {
      parseDocument(jobDocument, 'jobs/a.json', given, sha256);
    } catch (error) {
      return error instanceof PipelineError ? `${error.code}: ${error.message}` : String(error);
    }
    return 'read';
  };

  test('is named: absent, truncated, of another kind, or not matching its checksum', () => {
    expect(codeOf(body)).toBe('read');
    expect(codeOf(undefined)).toBe('document-missing: jobs/a.json is not in the store any more');
    expect(codeOf(body.subarray(0, 100))).toBe('document-changed: jobs/a.json is not what was written there');
    expect(codeOf(Buffer.from('{}'))).toMatch(/^document-changed/);
    expect(codeOf(Buffer.alloc(0))).toMatch(/^document-changed/);
    expect(codeOf(body, '0'.repeat(64))).toMatch(/^document-changed/);
  });

  test('is not a record: truncated, or empty', () => {
    const record = stored('v1', 'succeeded');
    for (const end of [0, 1, 100, record.length - 3]) expect(readRecord('r', record.subarray(0, end))).toBeUndefined();
    expect(readRecord('r', undefined)).toBeUndefined();
  });
});

describe('what a later program writes', () => {
  const readError = (read: () => unknown): unknown => {
    try {
      return read();
    } catch (error) {
      return error;
    }
  };
  const of = (name: string, change: object): Buffer =>
    Buffer.from(JSON.stringify({ ...(JSON.parse(stored('v1', name).toString()) as object), ...change }));

  test.each([
    ['manifest', manifest],
    ['job', jobDocument],
    ['succeeded', attemptRecord],
  ] as const)('%s of a later version is reported as such, and never as damaged', (name, schema) => {
    const newer = { code: 'document-newer', message: `v1/${name} was written by a newer batch-pipeline` };
    for (const change of [{ version: 99 }, { version: 99, run: 7 }])
      expect(readError(() => parseDocument(schema, `v1/${name}`, of(name, change)))).toMatchObject(newer);
    expect(readError(() => readRecord('v1/succeeded', of('succeeded', { version: 2 })))).toMatchObject({
      code: 'document-newer',
    });
  });

  test('a record with a new cause, state or fields is readable or reported, never treated as absent', () => {
    expect(readRecord('r', of('failed', { cause: 'eaten-by-mice', more: 1 }))).toMatchObject({
      cause: 'eaten-by-mice',
    });
    expect(readError(() => readRecord('r', of('failed', { state: 'half-done' })))).toMatchObject({
      code: 'document-changed',
    });
  });
});
