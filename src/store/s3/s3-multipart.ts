import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { ask, type S3Bucket } from './s3-bucket.ts';
import { aborting, type NewObject, plainEtag, tagged, WRITE_ID } from './s3-objects.ts';

/** A multipart upload; nothing is visible before it is completed. */
export interface Upload {
  key: string;
  id: string;
}

export interface UploadedPart {
  /** From 1. */
  number: number;
  etag: string;
  bytes: number;
  crc32: number;
}

/**
 * A checksum of the whole object, not of the parts' checksums, so that a download in different ranges can verify it.
 */
const CHECKSUM = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const;

export async function startUpload(
  bucket: S3Bucket,
  key: string,
  { writeId, signal, expendable = false }: NewObject,
): Promise<Upload> {
  const target = { Bucket: bucket.name, Key: key, Metadata: { [WRITE_ID]: writeId } };
  const input = { ...target, ...bucket.encryption, ...CHECKSUM };
  const output = await ask(bucket, key, () =>
    tagged(expendable, (tagging) =>
      bucket.client.send(new CreateMultipartUploadCommand({ ...input, ...tagging }), aborting(signal)),
    ),
  );
  return { key, id: output.UploadId ?? '' };
}

export async function uploadPart(
  bucket: S3Bucket,
  upload: Upload,
  part: { number: number; body: Uint8Array },
  signal: AbortSignal,
): Promise<UploadedPart> {
  const sum = crc32(part.body);
  const target = { Bucket: bucket.name, Key: upload.key, UploadId: upload.id, PartNumber: part.number };
  const command = new UploadPartCommand({ ...target, Body: part.body, ChecksumCRC32: base64Crc32(sum) });
  const output = await ask(bucket, upload.key, () => bucket.client.send(command, aborting(signal)));
  return { number: part.number, etag: output.ETag ?? '', bytes: part.body.length, crc32: sum };
}

/** Publishes the object. Returns its ETag. @throws PipelineError `upload-lost` if the upload no longer exists. */
export async function completeUpload(
  bucket: S3Bucket,
  upload: Upload,
  parts: readonly UploadedPart[],
): Promise<string> {
  const Parts = parts.map(({ number, etag, crc32: sum }) => ({
    PartNumber: number,
    ETag: etag,
    ChecksumCRC32: base64Crc32(sum),
  }));
  const target = { Bucket: bucket.name, Key: upload.key, UploadId: upload.id, MultipartUpload: { Parts } };
  const whole = parts.reduce((sum, part) => combineCrc32(sum, part.crc32, part.bytes), 0);
  const size = parts.reduce((sum, part) => sum + part.bytes, 0);
  const { ChecksumType } = CHECKSUM;
  const expected = { ChecksumType, ChecksumCRC32: base64Crc32(whole), MpuObjectSize: size };
  const command = new CompleteMultipartUploadCommand({ ...target, ...expected });
  const output = await ask(bucket, upload.key, () => bucket.client.send(command));
  return plainEtag(output.ETag);
}

/** Frees what was uploaded. */
export async function abortUpload(bucket: S3Bucket, upload: Upload): Promise<void> {
  const command = new AbortMultipartUploadCommand({ Bucket: bucket.name, Key: upload.key, UploadId: upload.id });
  await ask(bucket, upload.key, () => bucket.client.send(command));
}

/** The form that S3 uses: four bytes, big-endian, in Base64. */
export function base64Crc32(sum: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(sum);
  return bytes.toString('base64');
}

/**
 * The polynomial of CRC-32 with its bits in reverse: the highest bit of a number is the coefficient of x⁰ (RFC 1952,
 * 8).
 */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;
const X_TO_THE_8 = ONE >>> 8;

/**
 * CRC-32 of two consecutive pieces, from their CRCs and the length of the second: a CRC is a remainder of polynomials,
 * and n bytes more multiply what is before them by x to the power of 8n. This saves reading the bytes again.
 */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  return (multiply(power(secondBytes), first) ^ second) >>> 0;
}

/** x to the power of 8n, modulo the polynomial. */
function power(n: number): number {
  let result = ONE;
  let square = X_TO_THE_8;
  for (let left = n; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}
