/**
 * Builds dist/: the command, the runner and the library as one bundle with shared chunks, the library's types, and the
 * folders of the images.
 *
 *   node scripts/build.ts           parts of older builds stay for an hour, for programs that still run from them
 *   node scripts/build.ts --clean   nothing else stays
 *   OUT=folder node scripts/build.ts
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { build, buildSync } from 'esbuild';
import { bundleFetchAndRun } from '../images/base/bundle.ts';
import { BUILT_IN } from '../pipelines/catalog.ts';
import { requiredHttp } from '../src/deploy/required-http.ts';
import { BUILT_FROM, sourcesHash } from './sources-hash.ts';

const ROOT = resolve(import.meta.dirname, '..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const KEEP_MS = 3_600_000;

const out = resolve(ROOT, process.env['OUT'] ?? 'dist');
const builtFrom = sourcesHash(ROOT);
if (process.argv.includes('--clean')) rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
// Absent while the build is incomplete.
rmSync(join(out, BUILT_FROM), { force: true });
removeOldParts(await bundle());
writeContractPipeline();
await copyImages();
writeWhole(join(out, 'stack.yaml'), readFileSync(join(ROOT, 'src/deploy/stack/stack.yaml')));
execFileSync(process.execPath, [TSC, '-p', 'tsconfig.types.json', '--outDir', join(out, 'types')], {
  cwd: ROOT,
  stdio: 'inherit',
});
writeFileSync(join(out, BUILT_FROM), builtFrom);

/** Writes the bundle; returns the names of its files. */
async function bundle(): Promise<Set<string>> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: {
      'batch-pipeline': 'src/cli/main.ts',
      runner: 'src/runner/main.ts',
      index: 'src/index.ts',
      // Loaded by index.js when a program drives a run.
      library: 'src/run/library.ts',
      testing: 'src/testing/index.ts',
      // A process that the contract of stores starts.
      'store-process': 'src/testing/store/store-process.ts',
      // Content of the bundles of runs on other machines.
      bundled: 'src/runner/bundled.ts',
      conductor: 'src/cli/conductor.ts',
      ...Object.fromEntries(Object.keys(BUILT_IN).map((name) => [`builtin-${name}`, `pipelines/${name}/${name}.ts`])),
    },
    outdir: out,
    write: false,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // If a library has both forms: unused parts of the CommonJS form cannot be dropped.
    mainFields: ['module', 'main'],
    // Some libraries are CommonJS and require Node's own modules at run time.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
    },
    minifySyntax: true,
    plugins: [requiredHttp()],
    // A separate program, installed beside this one.
    external: ['esbuild'],
    legalComments: 'linked',
    logLevel: 'warning',
  });
  // The entry points last, once everything they import exists.
  for (const { path, contents } of outputFiles.toSorted((a, b) => partsFirst(a.path) - partsFirst(b.path)))
    writeWhole(path, contents);
  return new Set(outputFiles.map(({ path }) => basename(path)));
}

/** What engines are held to is a file, which is loaded as a user's pipeline. */
function writeContractPipeline(): void {
  const { outputFiles } = buildSync({
    absWorkingDir: ROOT,
    entryPoints: { 'contract-pipeline': 'src/testing/engine/contract-pipeline.ts' },
    outdir: out,
    outExtension: { '.js': '.mjs' },
    write: false,
    format: 'esm',
    target: 'node24',
  });
  for (const { path, contents } of outputFiles) writeWhole(path, contents);
}

/** The complete image folders: users of this package build them without its sources. */
async function copyImages(): Promise<void> {
  for (const file of globSync('images/*/{Dockerfile,.dockerignore}', { cwd: ROOT })) {
    mkdirSync(join(out, dirname(file)), { recursive: true });
    copyFileSync(join(ROOT, file), join(out, file));
  }
  await bundleFetchAndRun(join(out, 'images/base'));
}

/** Names of parts end in a hash of their content, so that parts of several builds coexist. */
function partsFirst(path: string): number {
  return /-[A-Z0-9]{8}\.js/.test(path) ? 0 : 1;
}

/** Renamed into place: a program that starts meanwhile reads either the old or the new file. */
function writeWhole(path: string, contents: Uint8Array): void {
  const now = new Date();
  if (existsSync(path) && partsFirst(path) === 0) return utimesSync(path, now, now);
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, contents, { mode: path.endsWith('/batch-pipeline.js') ? 0o755 : 0o644 });
  renameSync(temporary, path);
}

function removeOldParts(current: Set<string>): void {
  const old = globSync('*.js*', { cwd: out }).filter((file) => !current.has(file));
  for (const file of old) if (Date.now() - statSync(join(out, file)).mtimeMs > KEEP_MS) rmSync(join(out, file));
}
