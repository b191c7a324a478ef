import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { PipelineError } from '../../../src/errors.ts';
import { attemptRecord } from '../../../src/record/attempt-record.ts';
import { jobDocument, manifest, samplePage } from '../../../src/record/manifest.ts';
import { parseDocument } from '../../../src/record/parse-document.ts';
import { readRecord } from '../../../src/record/read-record.ts';

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

  test('records tell what became of an attempt', () => {
    expect(readRecord(stored('v1', 'succeeded'))).toMatchObject({
      state: 'succeeded',
      sample: 'S1',
      metrics: { lines: 2 },
    });
    expect(readRecord(stored('v1', 'failed'))).toMatchObject({ state: 'failed', sample: 'S2', cause: 'tool' });
  });
});

describe('what is no document', () => {
  const body = stored('v1', 'job');
  const codeOf = (given: Buffer | undefined, sha256?: string): string => {
    try {
      parseDocument(jobDocument, 'jobs/a.json', given, sha256);
    } catch (error) {
      return error instanceof PipelineError ? `${error.code}: ${error.message}` : String(error);
    }
    return 'read';
  };

  test('is named: absent, cut short, of another kind, or of another content than its checksum says', () => {
    expect(codeOf(body)).toBe('read');
    expect(codeOf(undefined)).toBe('document-missing: jobs/a.json is not in the store any more');
    expect(codeOf(body.subarray(0, 100))).toBe('document-changed: jobs/a.json is not what was written there');
    expect(codeOf(Buffer.from('{}'))).toMatch(/^document-changed/);
    expect(codeOf(Buffer.alloc(0))).toMatch(/^document-changed/);
    expect(codeOf(body, '0'.repeat(64))).toMatch(/^document-changed/);
  });

  test('is no record: cut short, empty, or of a later version', () => {
    const record = stored('v1', 'succeeded');
    for (const end of [0, 1, 100, record.length - 3]) expect(readRecord(record.subarray(0, end))).toBeUndefined();
    const later = record.toString().replace('"version": 1', '"version": 2');
    expect(readRecord(Buffer.from(later))).toBeUndefined();
    expect(readRecord(undefined)).toBeUndefined();
  });
});
