import { posix } from 'node:path';
import type { ImportTable } from './import-table.ts';
import type { ImportedModule, SourceFile } from './source-file.ts';

/** Where processes begin: what comes from outside is read there, and handed on. deploy/bundle.ts writes such a beginning. */
const ENVIRONMENT = /^src\/(cli\/|testing\/|deploy\/bundle\.ts$|runner\/runner\.ts$|fetch-and-run\/program\.ts$)/;
/** And the runner that serves an engine: its process ends with the engine. */
const EXIT =
  /^src\/(cli\/(main|command-line)\.ts$|runner\/(runner|serve|attempt-guard)\.ts$|fetch-and-run\/program\.ts$)/;

/** What every room may import. */
const SHARED = ['errors.ts', 'given.ts'];

/** What only some files may import. */
const PACKAGES: readonly { packages: RegExp; only: RegExp }[] = [
  { packages: /^@aws-sdk\/(client-s3|lib-storage)$/, only: /^src\/store\/s3/ },
  { packages: /^@aws-sdk\/client-batch$/, only: /^src\/engine\/aws-batch\// },
  { packages: /^@aws-sdk\/client-ecr$/, only: /^src\/(aws\/account|deploy\/images\/ecr)\.ts$/ },
  { packages: /^@aws-sdk\/client-cloudformation$/, only: /^src\/deploy\/stack\/cloudformation-api\.ts$/ },
  { packages: /^@(aws-sdk|smithy)\//, only: /^src\/(aws\/|store\/s3|engine\/aws-batch\/|deploy\/)/ },
  { packages: /^(@commander-js\/.*|commander|cli-progress)$/, only: /^src\/cli\// },
  // Pure: handed listings, they hand back values.
  { packages: /^node:(?!util$|path$|assert$)/, only: /^(?!src\/(plan|views)\/)/ },
];

/**
 * The only modules outside `cli/` that it may import values from: verbs, views, and what reading flags takes. Without
 * `.ts`.
 */
const CALLED_BY_CLI = new Set(
  [
    'check/check-pipeline',
    ...['cloud', 'deploy', 'destroy', 'stack/stack-template'].map(inRoom('deploy')),
    ...['build-images', 'list-images', 'push-images'].map(inRoom('deploy/images')),
    ...['flags', 'registry'].map(inRoom('engine')),
    'errors',
    'gc/collect-garbage',
    ...['load-pipeline', 'name-value-pairs', 'resources'].map(inRoom('pipeline')),
    ...['check-samples', 'debug', 'diagnose', 'list-runs', 'make-folder', 'plan-run', 'program-files'].map(
      inRoom('run'),
    ),
    ...['references', 'results', 'run', 'submit-conductor', 'summarise', 'task-log', 'workspace'].map(inRoom('run')),
    ...['columns', 'deploy-text', 'error-text', 'event-text', 'garbage-text', 'plan-text', 'status-text'].map(
      inRoom('views'),
    ),
  ].map((module) => `src/${module}.ts`),
);

/** The verbs: loaded on demand by those who drive runs. */
const LIBRARY = 'src/run/library.ts';

const CLOCK_OR_CHANCE = /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bMath\.random\b|\brandomUUID\b/;

/** One line per broken rule, empty if there is none. */
export function violations(files: readonly SourceFile[], table: ImportTable): string[] {
  const rooms = new Set([...table.keys(), 'pipelines', 'index.ts', ...SHARED]);
  return [
    ...files.flatMap((file) => (rooms.has(roomOf(file.path)) ? [] : [`${file.path} is in no folder of the table`])),
    ...files.flatMap((file) => file.imports.flatMap((imported) => brokenRules(file, imported, table))),
    ...files.flatMap(brokenHabits),
    ...tooManyBatchClients(files),
  ];
}

/** Files that contain one of these names, also in comments and within other words. */
export function mentions(files: readonly { path: string; text: string }[], names: readonly string[]): string[] {
  const name = new RegExp(names.join('|'), 'i');
  return files.flatMap(({ path, text }) => {
    const found = name.exec(text);
    return found ? [`${path} mentions ${found[0]}`] : [];
  });
}

function inRoom(room: string): (file: string) => string {
  return (file) => `${room}/${file}`;
}

/** `plan`; `pipelines` for the built-in pipelines, which know what a user's pipeline knows; `errors.ts`, `index.ts`. */
function roomOf(path: string): string {
  const [top, folder = ''] = path.split('/');
  return top === 'src' ? folder : String(top);
}

function brokenRules({ path }: SourceFile, imported: ImportedModule, table: ImportTable): string[] {
  const { module } = imported;
  const says = `${path} imports ${module}`;
  if (!/^(src|pipelines)\//.test(module))
    return PACKAGES.some(({ packages, only }) => packages.test(module) && !only.test(path)) ? [says] : [];
  if (isOtherEngine(path, module)) return [`${says}, of another engine`];
  if (path.startsWith('src/') && /^pipelines\/(?!(catalog|demo)\.ts$)/.test(module))
    return [`${says}, not the catalog`];
  if (isPastVerbs(path, imported)) return [`${says}, which is no verb`];
  return isAllowed(path, imported, table) ? [] : [says];
}

/** The command line calls verbs; it does not do their work. */
function isPastVerbs(path: string, { module, typesOnly }: ImportedModule): boolean {
  const fromCli = path.startsWith('src/cli/') && module.startsWith('src/') && !module.startsWith('src/cli/');
  return fromCli && !typesOnly && !CALLED_BY_CLI.has(module);
}

function isAllowed(path: string, { module, typesOnly }: ImportedModule, table: ImportTable): boolean {
  const from = roomOf(path);
  const to = roomOf(module);
  if (from === to || SHARED.includes(to)) return true;
  if (from === 'index.ts' && (to === 'engine' || module === LIBRARY || (to === 'run' && typesOnly))) return true;
  if (from === 'pipelines' || from === 'index.ts') return to === 'pipeline' || (typesOnly && to === 'record');
  const allowed = table.get(from);
  if (allowed === 'everything') return true;
  if (!allowed) return false;
  if (allowed.exceptions.get(posix.basename(path)) === to) return true;
  return allowed.values.includes(to) || (typesOnly && allowed.types.includes(to));
}

function isOtherEngine(path: string, module: string): boolean {
  const engineOf = (file: string) => /^src\/engine\/([^/]+)\//.exec(file)?.[1];
  const [from, to] = [engineOf(path), engineOf(module)];
  return from !== undefined && to !== undefined && from !== to;
}

function brokenHabits({ path, code }: SourceFile): string[] {
  const broken: [string, boolean][] = [
    ['reads process.env', /\bprocess\.env\b/.test(code) && !ENVIRONMENT.test(path)],
    ['calls process.exit', /\b(process\.exit|endProcess)\(/.test(code) && !EXIT.test(path)],
    ['asks the clock or chance', CLOCK_OR_CHANCE.test(code) && path.startsWith('src/plan/')],
  ];
  return broken.filter(([, isBroken]) => isBroken).map(([what]) => `${path} ${what}`);
}

/** The Batch SDK acts in one file; others may know its types. */
function tooManyBatchClients(files: readonly SourceFile[]): string[] {
  const acting = files.filter(({ imports }) =>
    imports.some(({ module, typesOnly }) => module === '@aws-sdk/client-batch' && !typesOnly),
  );
  return acting.length > 1 ? [`${acting.map(({ path }) => path).join(', ')} all import the Batch SDK`] : [];
}
