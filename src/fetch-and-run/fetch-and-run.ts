import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { PipelineError } from '../errors.ts';
import { openS3Store } from '../store/s3-store.ts';
import { LaunchError } from './exit.ts';
import { launch } from './launch.ts';
import type { FetchRequest } from './request.ts';
import type { ForwardedSignals } from './signals.ts';
import { unzip } from './unzip.ts';

/**
 * Fetches, verifies, unpacks and runs; resolves to the program's exit code. The fetched files are removed afterwards. A
 * script runs where Fetch & Run was started, a zip's program in the folder with the unpacked files.
 */
export async function fetchAndRun(request: FetchRequest, signals: ForwardedSignals): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'fetch-and-run-'));
  try {
    const files = join(folder, 'files');
    await mkdir(files);
    const program = resolve(files, request.program);
    if (relative(files, program).split(sep)[0] === '..') throw outside(request);
    await fetchInto(request, folder, files, signals.aborted);
    signals.aborted.throwIfAborted();
    return await launch(program, request.args, { cwd: request.type === 'zip' ? files : process.cwd(), signals });
  } finally {
    if (!request.keep) await rm(folder, { recursive: true, force: true });
  }
}

async function fetchInto(request: FetchRequest, folder: string, files: string, signal: AbortSignal): Promise<void> {
  const { bucket, key, sha256, endpoint, attempts } = request;
  const store = openS3Store(bucket, '', {
    ...(endpoint !== undefined && { endpoint }),
    ...(attempts !== undefined && { attempts }),
  });
  const target = request.type === 'zip' ? join(folder, 'fetched.zip') : join(files, request.program);
  const get = () => store.getFile(key, target, { signal, ...(sha256 !== undefined && { sha256 }) });
  await get().catch((error: unknown) => {
    // The replacement may have the same content; if not, the checksum reveals it.
    if (error instanceof PipelineError && error.code === 'object-changed') return get();
    throw error;
  });
  if (request.type === 'zip') {
    await unzip(target, files, `s3://${bucket}/${key}`);
    await rm(target);
  }
}

function outside({ program, bucket, key }: FetchRequest): LaunchError {
  return new LaunchError(127, { message: `"${program}" is outside of the zip`, where: `s3://${bucket}/${key}` });
}
