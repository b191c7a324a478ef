import { execa } from 'execa';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const VERSION = 'v1.8.0';
const MODULE = 'github.com/versity/versitygw/cmd/versitygw';
const CACHE = resolve(import.meta.dirname, '../../../.cache');

/** Path of the server's program: built once (two minutes of CPU) and kept in the project's ignored cache folder. */
export async function installVersitygw(): Promise<string> {
  const program = join(CACHE, 'bin', `versitygw-${VERSION}`);
  if (existsSync(program)) return program;
  // Built aside and renamed, so that of two suites that start at once none runs a half-written program.
  const folder = join(CACHE, `build-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  await execa('go', ['install', `${MODULE}@${VERSION}`], { env: { GOBIN: folder } });
  mkdirSync(join(CACHE, 'bin'), { recursive: true });
  renameSync(join(folder, 'versitygw'), program);
  rmSync(folder, { recursive: true });
  return program;
}

if (import.meta.main) console.log(await installVersitygw());
