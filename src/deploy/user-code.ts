import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join, relative, sep } from 'node:path';
import { build, type BuildFailure, type BuildOptions, type Loader, type Plugin, transform } from 'esbuild';
import { ExitCode, messageOf, PipelineError } from '../errors.ts';
import type { DeclaredFile } from '../pipeline/code-identity.ts';
import { CODE_FILE } from '../pipeline/load-code.ts';
import type { LoadedPipeline } from '../pipeline/load-pipeline.ts';
import { type BuiltZip, zipFiles } from './zip.ts';

/**
 * Puts a user's pipeline into one zip: its modules and libraries as one module, and the files that its steps declare
 * where they lie relative to it. It holds what the keys of the run's tasks were made from, whatever becomes of the
 * files afterwards. The same sources give the same bytes, wherever they lie.
 * @throws PipelineError `pipeline-changed` for a file that is another one than when the pipeline was loaded;
 *   `bundle-failed` for what cannot be bundled, such as a library with a native part
 */
export async function buildCode(loaded: LoadedPipeline): Promise<BuiltZip> {
  const files = Object.values(await loaded.identities()).flatMap((identity) => identity.files);
  const modules = new Map(loaded.modules.map(({ path, sha256 }) => [path, sha256]));
  const root = commonFolder([loaded.source, ...modules.keys(), ...files.map(({ path }) => path)]);
  const declared = files.map((file) => [slashes(relative(root, file.path)), readDeclared(file)] as const);
  const bundled = await bundledModules(loaded.source, { root, modules });
  refuseChanged([...modules, ...loaded.read]);
  return zipFiles({ ...bundled, ...Object.fromEntries(declared) });
}

/** Since the keys were made, hours may have passed with comparing inputs: also what the bundler read must be the same. */
function refuseChanged(digests: readonly (readonly [path: string, sha256: string])[]): void {
  for (const [path, sha256] of digests) if (digestOf(path) !== sha256) throw changed(path);
}

/** Of the text, as it was loaded; `undefined` for a file that is not there. */
function digestOf(path: string): string | undefined {
  return existsSync(path) ? hash('sha256', new TextDecoder().decode(readFileSync(path))) : undefined;
}

interface Sources {
  /** Folder that holds all of the user's own files. */
  root: string;
  /** Path to digest of what was loaded. */
  modules: ReadonlyMap<string, string>;
}

async function bundledModules(source: string, sources: Sources): Promise<Record<string, Uint8Array>> {
  try {
    const { outputFiles } = await build(buildOptions(source, sources));
    return Object.fromEntries(
      outputFiles.map(({ path, contents }) => [slashes(relative(sources.root, path)), contents]),
    );
  } catch (error) {
    throw bundleFailed(source, error);
  }
}

function buildOptions(source: string, sources: Sources): BuildOptions & { write: false } {
  const { root } = sources;
  const home = slashes(relative(root, dirname(source)));
  return {
    absWorkingDir: root,
    stdin: {
      contents: `export { default } from ${JSON.stringify(source)};\nexport const home = ${JSON.stringify(home)};\n`,
      sourcefile: CODE_FILE,
      resolveDir: root,
      loader: 'js',
    },
    outfile: join(root, CODE_FILE),
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // As Node finds modules, and as it takes the types away: the run does what was planned.
    mainFields: ['main'],
    conditions: [],
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: false,
    banner: { js: PLACE },
    // The program that runs it lends this package; see `lendPackage`.
    external: ['batch-pipeline'],
    plugins: [nativeParts(), plannedModules(sources)],
    logLevel: 'silent',
  };
}

/** Where a module of the user's lies in the unpacked code; and `require` for libraries that are CommonJS. */
const PLACE = [
  "import { createRequire as __codeRequire } from 'node:module';",
  "import { fileURLToPath as __codePath } from 'node:url';",
  "import { dirname as __codeFolder } from 'node:path';",
  'const require = __codeRequire(import.meta.url), __codeUrl = (path) => new URL(path, import.meta.url).href;',
].join('\n');

/** Native libraries are loaded from where they lie: no other place on this machine has what they need beside them. */
function nativeParts(): Plugin {
  return {
    name: 'native-parts',
    setup(bundling) {
      bundling.onResolve({ filter: /\.node$/ }, ({ path, resolveDir }) => ({
        path: path.startsWith('.') ? join(resolveDir, path) : path,
        external: true,
      }));
    },
  };
}

const LOADERS: Readonly<Record<string, Loader>> = { '.ts': 'ts', '.mts': 'ts', '.cts': 'ts', '.json': 'json' };
const NAMES_ITSELF = /\bimport\.meta\b|\b__(?:dir|file)name\b/;

/** Gives the bundler the user's modules as they were loaded, and refuses those that are others by now. */
function plannedModules({ root, modules }: Sources): Plugin {
  return {
    name: 'planned-modules',
    setup(bundling) {
      bundling.onLoad({ filter: /\.(?:[cm]?[jt]s|json)$/ }, async ({ path }) => {
        const planned = modules.get(path);
        const contents = new TextDecoder().decode(readFileSync(path));
        if (planned !== undefined && hash('sha256', contents) !== planned) throw changed(path);
        const loader = LOADERS[extname(path)] ?? 'js';
        if (loader === 'json' || !NAMES_ITSELF.test(contents)) return { contents, loader };
        const isLibrary = path.includes(`${sep}node_modules${sep}`);
        return withPlace(contents, {
          path,
          loader,
          place: isLibrary ? `file://${path}` : slashes(relative(root, path)),
        });
      });
    },
  };
}

/** `import.meta` in a module gives its place in the unpacked code; in a library, its place on this machine. */
async function withPlace(
  contents: string,
  { path, loader, place }: { path: string; loader: Loader; place: string },
): Promise<{ contents: string; loader: Loader }> {
  const define = {
    'import.meta.url': '__moduleUrl',
    'import.meta.filename': '__moduleFile',
    'import.meta.dirname': '__moduleFolder',
    // Only where the module does not declare them itself.
    __filename: '__moduleFile',
    __dirname: '__moduleFolder',
  };
  const tsconfigRaw = { compilerOptions: { verbatimModuleSyntax: true } };
  const { code } = await transform(contents.replace(/^#!.*/, ''), {
    ...{ loader, define, tsconfigRaw, sourcefile: path, sourcemap: 'inline', sourcesContent: false, target: 'node24' },
  });
  const url = `__moduleUrl = __codeUrl(${JSON.stringify(place)})`;
  const paths = '__moduleFile = __codePath(__moduleUrl), __moduleFolder = __codeFolder(__moduleFile)';
  return { contents: `var ${url}, ${paths}; ${code}`, loader: 'js' };
}

function readDeclared({ path, sha256 }: DeclaredFile): Uint8Array {
  const content = readFileSync(path);
  if (hash('sha256', content) !== sha256) throw changed(path);
  return content;
}

function changed(path: string): PipelineError {
  return new PipelineError({
    code: 'pipeline-changed',
    message: 'The file changed while the run was being planned',
    where: path,
    hint: 'Nothing was started: run the same command again.',
    exitCode: ExitCode.usage,
  });
}

/** The deepest folder that holds all of these files. */
function commonFolder(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => dirname(path).split(sep));
  const differs = first.findIndex((part, i) => others.some((other) => other[i] !== part));
  return (differs < 0 ? first : first.slice(0, differs)).join(sep) || sep;
}

function slashes(path: string): string {
  return path.replaceAll(sep, '/');
}

function bundleFailed(source: string, error: unknown): PipelineError {
  const [first] = (error as Partial<BuildFailure>).errors ?? [];
  if (first?.detail instanceof PipelineError) return first.detail;
  const place = first?.location ? `${first.location.file}:${first.location.line}:${first.location.column + 1}` : source;
  return new PipelineError({
    code: 'bundle-failed',
    message: `The pipeline cannot be bundled: ${first?.text ?? messageOf(error)}`,
    where: place,
    hint: 'Libraries with native parts cannot be bundled: put them into the image, and call them as a tool.',
    exitCode: ExitCode.usage,
    cause: error,
  });
}
