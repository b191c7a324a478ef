import { basename, dirname } from 'node:path';
import { build } from 'esbuild';
import { unzipSync } from 'fflate';
import { BUILT_IN } from '../../pipelines/catalog.ts';
import { builtInPart, programPart } from './program-parts.ts';
import { requiredHttp } from './required-http.ts';
import { type BuiltZip, zipFiles } from './zip.ts';

/** What else than the runner a bundle holds. */
export interface BundleOptions {
  /** Zip of a user's pipeline, see `buildCode`; without it the bundle runs the built-in ones. */
  code?: Uint8Array | undefined;
  /** The program of a conductor too: as much again, which every container of the run would unpack. */
  conductor?: boolean;
}

/**
 * Puts runner and pipeline into one zip for Fetch & Run: `runner.mjs` in it runs the pipeline, with nothing to install.
 * The same sources give the same bytes.
 */
export async function buildBundle(options: BundleOptions = {}): Promise<BuiltZip> {
  const { code } = options;
  const ofPipeline = code ? Object.entries(unzipSync(code)) : [];
  const files = ofPipeline.map(([name, content]) => [`${CODE_FOLDER}/${name}`, content] as const);
  return zipFiles({ ...(await programFiles(options)), ...Object.fromEntries(files) });
}

const CODE_FOLDER = 'code';

/** File names to content; the program is `runner.mjs`, and what only some runs need lies in parts beside it. */
async function programFiles(options: BundleOptions): Promise<Record<string, Uint8Array>> {
  // Names of parts follow from paths below it, and must not follow from the current folder.
  const home = dirname(programPart('bundled'));
  const { outputFiles } = await build({
    absWorkingDir: home,
    stdin: { contents: entry(options), sourcefile: 'runner.mjs', resolveDir: home, loader: 'js' },
    // What a user's pipeline means by `batch-pipeline`.
    entryPoints: options.code ? [{ in: programPart('index'), out: 'index' }] : [],
    entryNames: '[name]',
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
    // Bundles are only made on the user's machine.
    external: ['esbuild', './library.js', './run/library.ts'],
    plugins: [requiredHttp()],
    logLevel: 'silent',
  });
  // Beside other entry points esbuild gives that of its input no name of ours.
  const named = (path: string) => basename(path).replace(/^stdin\./, 'runner.');
  return Object.fromEntries(outputFiles.map(({ path, contents }) => [named(path), contents]));
}

/** Some libraries are CommonJS and ask for Node's own modules at run time. The built program has the same, by another name. */
const REQUIRE =
  "import { createRequire as bundleRequire } from 'node:module';const require = bundleRequire(import.meta.url);";

function entry({ code, conductor = false }: BundleOptions): string {
  const load = (path: string) => `import(${JSON.stringify(path)})`;
  const conduct = `if (process.env.BATCH_PIPELINE_CONDUCTOR) await (await ${load(programPart('conductor'))}).conduct(); else `;
  const builtIn = Object.keys(BUILT_IN).map((name) => `${JSON.stringify(name)}: () => ${load(builtInPart(name))}`);
  const run = code
    ? `(await ${load(programPart('bundled'))}).runBundledCode(new URL('${CODE_FOLDER}/', import.meta.url));`
    : `(await ${load(programPart('bundled'))}).runBundled({ ${builtIn.join(', ')} });`;
  return `#!/usr/bin/env node
${conductor ? conduct : ''}{
  ${run}
}
`;
}
