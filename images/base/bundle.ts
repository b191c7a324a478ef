import { build, type BuildOptions, type Plugin } from 'esbuild';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { requiredHttp } from '../../src/deploy/required-http.ts';

const SOURCE = resolve(import.meta.dirname, '../../src/fetch-and-run');
/** Some packages in the bundle are CommonJS and expect `require`. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
/** podman takes a file with another time for another file; so the same bytes always get the same time. */
const MODIFIED = new Date('2026-01-01T00:00:00Z');

const SHARED = {
  ...{ bundle: true, platform: 'node', target: 'node24', format: 'esm', minify: true },
  // Where a library has both forms, of the other one nothing can be left out.
  mainFields: ['module', 'main'],
} satisfies BuildOptions;

/** The entry loads the program from the file beside it, after the compile cache is on. */
const programBeside: Plugin = {
  name: 'program-beside',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^\.\/program\.ts$/ }, () => ({ path: './program.mjs', external: true }));
  },
};

/**
 * Writes Fetch & Run into the base image's context (`dist/images/base`) as two files without dependencies:
 * `fetch-and-run.mjs`, which turns on the compile cache, and `program.mjs`, which is all the rest. The same source always
 * gives the same files.
 * @returns the paths, the entry first
 */
export async function bundleFetchAndRun(folder: string): Promise<string[]> {
  return [
    await bundle('main.ts', join(folder, 'fetch-and-run.mjs'), { plugins: [programBeside] }),
    await bundle('program.ts', join(folder, 'program.mjs'), { banner: { js: REQUIRE }, plugins: [requiredHttp()] }),
  ];
}

async function bundle(source: string, target: string, options: BuildOptions): Promise<string> {
  const entryPoints = [join(SOURCE, source)];
  const { outputFiles } = await build({ ...SHARED, ...options, entryPoints, outfile: target, write: false });
  await mkdir(dirname(target), { recursive: true });
  for (const { contents } of outputFiles) await writeFile(target, contents, { mode: 0o644 });
  await utimes(target, MODIFIED, MODIFIED);
  return target;
}
