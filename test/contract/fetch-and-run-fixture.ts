import { execa } from 'execa';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFetchAndRun } from '../../images/base/bundle.ts';
import { S3_KEYS, startS3, type S3Server } from '../stack/s3/start-s3.ts';

/** A member of a zip; `mode` includes the file type for a symbolic link. */
export interface Member {
  name: string;
  content: string;
  mode?: number;
  stored?: boolean;
}

/** Fetch & Run as it is in the image, beside a real S3 server with one bucket. */
export interface FetchAndRunLab {
  readonly s3: S3Server;
  readonly entry: string;
  /** Temporary folder of every process that is started here. */
  readonly temp: string;
  put(key: string, content: string | Uint8Array): void;
  putZip(key: string, members: readonly Member[]): Promise<void>;
  /** Starts the entrypoint; never rejects for an exit code. */
  start(env: Record<string, string>, args?: readonly string[]): ReturnType<typeof startEntry>;
  /** What is left in the temporary folder. */
  left(): string[];
  stop(): Promise<void>;
}

export const BUCKET = 'lab-bucket';

export async function fetchAndRunLab(): Promise<FetchAndRunLab> {
  const home = mkdtempSync(join(tmpdir(), 'fetch-and-run-test-'));
  const [entry = ''] = await bundleFetchAndRun(home);
  const temp = mkdtempSync(join(home, 'temp-'));
  const s3 = await startS3();
  s3.makeBucket(BUCKET);
  return {
    s3,
    entry,
    temp,
    put: (key, content) => writeFileSync(join(s3.folder, BUCKET, key), content),
    putZip: (key, members) => makeZip(join(s3.folder, BUCKET, key), members),
    start: (env, args = []) => startEntry(entry, args, { TMPDIR: temp, AWS_ENDPOINT_URL_S3: s3.endpoint, ...env }),
    left: () => readdirSync(temp),
    stop: () => s3.stop(),
  };
}

function startEntry(entry: string, args: readonly string[], env: Record<string, string>) {
  const full = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...S3_KEYS, ...env };
  return execa(process.execPath, [entry, ...args], { env: full, extendEnv: false, reject: false });
}

const ZIP_PROGRAM = `
import json, sys, zipfile
path, members = sys.argv[1], json.load(sys.stdin)
with zipfile.ZipFile(path, 'w') as zip:
    for m in members:
        info = zipfile.ZipInfo(m['name'])
        # Without a mode, as Windows makes it: nothing but the archive bit.
        info.external_attr = m.get('mode', 0) << 16 or 0x20
        info.compress_type = zipfile.ZIP_STORED if m.get('stored') else zipfile.ZIP_DEFLATED
        zip.writestr(info, m['content'])
`;

/** By a foreign program, one that writes any given name. */
async function makeZip(path: string, members: readonly Member[]): Promise<void> {
  await execa('python3', ['-c', ZIP_PROGRAM, path], { input: JSON.stringify(members) });
}
