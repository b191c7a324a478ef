import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { PipelineError } from '../errors.ts';

/** Whether the types of a pipeline file were checked, and with which TypeScript. */
export type TypesChecked = { checked: true; typescript: string } | { checked: false; reason: string };

/** For a project without a tsconfig.json: what the one of `init` has. */
const SETTINGS = '--module nodenext --target es2024 --strict --skipLibCheck --allowImportingTsExtensions'.split(' ');

/** Checks the project of a pipeline file with the TypeScript that is installed in it. */
export async function checkTypes(file: string): Promise<{ types: TypesChecked; errors: PipelineError[] }> {
  const typescript = packageOf(file, 'typescript');
  if (typescript === undefined)
    return unchecked('TypeScript is not installed there: npm install --save-dev typescript');
  if (packageOf(file, 'batch-pipeline') === undefined)
    return unchecked('batch-pipeline is not installed there: npm install --save-dev batch-pipeline');
  const { version } = JSON.parse(readFileSync(typescript, 'utf8')) as { version: string };
  const settings = nearest(dirname(file), 'tsconfig.json');
  const folder = dirname(settings ?? file);
  const which = settings === undefined ? [...SETTINGS, file] : ['-p', settings];
  const tsc = join(dirname(typescript), 'bin/tsc');
  const done = await execa(process.execPath, [tsc, '--noEmit', '--pretty', 'false', ...which], {
    cwd: folder,
    reject: false,
  });
  const errors = done.stdout.split('\n').flatMap((line) => typeError(line, folder));
  if (done.exitCode !== 0 && errors.length === 0)
    errors.push(
      new PipelineError({ code: 'types', message: `tsc failed: ${done.stdout || done.stderr}`, where: folder }),
    );
  return { types: { checked: true, typescript: version }, errors };
}

function unchecked(reason: string): { types: TypesChecked; errors: PipelineError[] } {
  return { types: { checked: false, reason }, errors: [] };
}

/** Path of the package.json of what this file would import. */
function packageOf(file: string, name: string): string | undefined {
  try {
    return createRequire(file).resolve(`${name}/package.json`);
  } catch {
    return undefined;
  }
}

function nearest(folder: string, name: string): string | undefined {
  const path = join(folder, name);
  if (existsSync(path)) return path;
  return dirname(folder) === folder ? undefined : nearest(dirname(folder), name);
}

/** The error in a line of tsc: `pipeline.ts(3,5): error TS2551: …`, or without a place. */
function typeError(line: string, folder: string): PipelineError[] {
  const [, file, row, column, code, message] = /^(?:(.+)\((\d+),(\d+)\): )?error (TS\d+): (.*)$/.exec(line) ?? [];
  if (code === undefined) return [];
  const where = file === undefined ? folder : `${resolve(folder, file)}:${row}:${column}`;
  return [new PipelineError({ code: 'types', message: `${message} (${code})`, where })];
}
