import { hash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { build, type BuildFailure, type Plugin } from 'esbuild';
import { zipSync, type Zippable } from 'fflate';
import { ExitCode, PipelineError } from '../errors.ts';
import { bundleKey } from '../record/keys.ts';
import type { Bundle } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import { programPart } from './program-parts.ts';
import { requiredHttp } from './required-http.ts';

/** A zip for Fetch & Run: `runner.mjs` in it runs one pipeline, with nothing to install. */
export interface BuiltBundle {
  bytes: Uint8Array;
  /** Hex, of the bytes. */
  sha256: string;
}

/** Zip knows no times before; a bundle's bytes must not tell when it was made. */
const EPOCH = new Date(1980, 0, 1);
/** A Unix made it, and everybody may read and execute: APPNOTE.TXT 4.4.2, 4.4.15. */
const UNIX = 3;
const MODE = 0o755;

/** What else than the runner a bundle holds. */
export interface BundleOptions {
  /** The program of a conductor too: as much again, which every container of the run would unpack. */
  conductor?: boolean;
}

/**
 * Puts runner and pipeline into one zip. The same sources give the same bytes.
 * @param source `builtin:fusion`, or the absolute path of a pipeline file
 * @throws PipelineError `bundle-failed` for what cannot be bundled, such as a library with a native part
 */
export async function buildBundle(source: string, options: BundleOptions = {}): Promise<BuiltBundle> {
  const files = await bundleFiles(source, options);
  const attributes = { level: 9, mtime: EPOCH, os: UNIX, attrs: MODE << 16 } as const;
  const names = Object.keys(files).sort();
  const bytes = zipSync(Object.fromEntries(names.map((name) => [name, [files[name], attributes]])) as Zippable);
  return { bytes, sha256: hash('sha256', bytes, 'hex') };
}

/** Uploads a bundle unless the store has it; its name is its content. */
export async function publishBundle(store: Store, { bytes, sha256 }: BuiltBundle): Promise<Bundle> {
  const key = bundleKey(sha256);
  if (!(await isThere(store, key, bytes))) await store.write(key, bytes);
  return { location: `${store.url.replace(/\/$/, '')}/${key}`, sha256 };
}

/**
 * Without a KMS key S3 has the MD5 for an ETag; with one only the bytes tell. To write the same again would do harm: it
 * makes another version, and containers that fetch the one before are refused the rest of it.
 */
async function isThere(store: Store, key: string, bytes: Uint8Array): Promise<boolean> {
  const there = await store.head(key);
  if (there?.size !== bytes.byteLength) return false;
  if (there.etag === hash('md5', bytes)) return true;
  const stored = await store.read(key);
  return stored !== undefined && Buffer.compare(stored, bytes) === 0;
}

/** File names to content; the program is `runner.mjs`, and what only some runs need lies in parts beside it. */
async function bundleFiles(source: string, options: BundleOptions): Promise<Record<string, Uint8Array>> {
  // Names of parts follow from paths below it, and must not from where somebody stands.
  const home = dirname(programPart('bundled'));
  try {
    const { outputFiles } = await build({
      absWorkingDir: home,
      stdin: { contents: entry(source, options), sourcefile: 'runner.mjs', resolveDir: home, loader: 'js' },
      entryNames: 'runner',
      chunkNames: 'part-[hash]',
      outdir: '/',
      outExtension: { '.js': '.mjs' },
      write: false,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      // Where a library has both forms, of the other one nothing can be left out.
      mainFields: ['module', 'main'],
      // Names stay, for stacks that can be read.
      minifySyntax: true,
      minifyWhitespace: true,
      legalComments: 'none',
      banner: { js: REQUIRE },
      // Whoever makes bundles stays at home.
      external: ['esbuild'],
      plugins: [thisPackage(), requiredHttp()],
      logLevel: 'silent',
    });
    return Object.fromEntries(outputFiles.map(({ path, contents }) => [basename(path), contents]));
  } catch (error) {
    throw bundleFailed(source, error);
  }
}

/** Some libraries are CommonJS and ask for Node's own modules at run time. The built program has the same, by another name. */
const REQUIRE =
  "import { createRequire as bundleRequire } from 'node:module';const require = bundleRequire(import.meta.url);";

function entry(source: string, { conductor = false }: BundleOptions): string {
  const pipeline = source === 'builtin:fusion' ? programPart('builtin-fusion') : source;
  const load = (path: string) => `import(${JSON.stringify(path)})`;
  const conduct = `if (process.env.BATCH_PIPELINE_CONDUCTOR) await (await ${load(programPart('conductor'))}).conduct(); else `;
  return `#!/usr/bin/env node
${conductor ? conduct : ''}{
  const [{ runBundled }, { default: pipeline }] = await Promise.all([${load(programPart('bundled'))}, ${load(pipeline)}]);
  runBundled(pipeline);
}
`;
}

/** What a pipeline file means by `batch-pipeline`, wherever it lies. */
function thisPackage(): Plugin {
  return {
    name: 'this-package',
    setup: (bundling) => bundling.onResolve({ filter: /^batch-pipeline$/ }, () => ({ path: programPart('index') })),
  };
}

function bundleFailed(source: string, error: unknown): PipelineError {
  const [first] = (error as Partial<BuildFailure>).errors ?? [];
  const place = first?.location ? `${first.location.file}:${first.location.line}:${first.location.column + 1}` : source;
  return new PipelineError({
    code: 'bundle-failed',
    message: `The pipeline cannot be made into one file: ${first?.text ?? String(error)}`,
    where: place,
    hint: 'Libraries with native parts cannot travel in a bundle: put them into the image, and call them as a tool.',
    exitCode: ExitCode.usage,
    cause: error,
  });
}
