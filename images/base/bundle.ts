import { build } from 'esbuild';
import { join, resolve } from 'node:path';

const SOURCE = resolve(import.meta.dirname, '../../src/runner/fetch-and-run');

/** Some packages in the bundle are CommonJS and expect `require`. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * Writes Fetch & Run into the base image's context as two files without dependencies: `fetch-and-run.mjs`, which turns
 * on the compile cache, and `program.mjs`, which is all the rest. The same source always gives the same bytes.
 * @returns the paths
 */
export async function bundleFetchAndRun(folder: string = import.meta.dirname): Promise<string[]> {
  const program = join(folder, 'program.mjs');
  const entry = join(folder, 'fetch-and-run.mjs');
  const shared = { bundle: true, platform: 'node', target: 'node24', format: 'esm', minify: true } as const;
  const banner = { js: REQUIRE };
  await build({ ...shared, banner, entryPoints: [join(SOURCE, 'program.ts')], outfile: program, logLevel: 'warning' });
  const plugin = { name: 'beside', setup: external };
  await build({
    ...shared,
    entryPoints: [join(SOURCE, 'main.ts')],
    outfile: entry,
    plugins: [plugin],
    logLevel: 'warning',
  });
  return [entry, program];
}

/** The entry loads the program from the file beside it, after the cache is on. */
function external(esbuild: Parameters<NonNullable<Parameters<typeof build>[0]['plugins']>[number]['setup']>[0]): void {
  esbuild.onResolve({ filter: /^\.\/program\.ts$/ }, () => ({ path: './program.mjs', external: true }));
}

if (import.meta.main) await bundleFetchAndRun();
