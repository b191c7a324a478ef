import { execa } from 'execa';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
/** What building and packing takes from the checkout. */
const SOURCES = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'src', 'pipelines', 'images', 'scripts'];
const SETTINGS = ['tsconfig.json', 'tsconfig.types.json', 'package-lock.json'];

let top: string;
/** Where a user has installed the package, and nothing else. */
let home: string;

beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'package-'));
  const tarball = await pack(join(top, 'checkout'));
  home = join(top, 'home');
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{ "private": true, "type": "module" }\n');
  const quick = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  await execa('npm', ['install', ...quick, tarball], { cwd: home });
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

/** Packs a copy of the checkout, since packing builds anew, and others may run what is built. */
async function pack(checkout: string): Promise<string> {
  for (const path of [...SOURCES, ...SETTINGS].filter((file) => existsSync(join(ROOT, file))))
    cpSync(join(ROOT, path), join(checkout, path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
  await execa('npm', ['pack', '--pack-destination', top], { cwd: checkout });
  return join(top, globSync('*.tgz', { cwd: top })[0] as string);
}

/** The command as a user of the package calls it. */
async function batchPipeline(cwd: string, ...args: string[]) {
  const done = await execa('npx', ['--no-install', 'batch-pipeline', ...args], { cwd, reject: false });
  return { exitCode: done.exitCode, stdout: done.stdout, stderr: done.stderr };
}

describe('the package', () => {
  test('contains the program and its documents, nothing else', () => {
    const files = globSync('**/*', { cwd: join(home, 'node_modules/batch-pipeline') });
    const tops = files.filter((file) => !file.includes('/')).toSorted();
    expect(tops).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json']);
    const kinds = files.filter((file) => !/^dist\/(types\/.*\.d\.ts|[^/]+\.m?js(\.LEGAL\.txt)?)$/.test(file));
    expect(kinds.filter((file) => /^dist\/.*\./.test(file) && !file.startsWith('dist/images/'))).toEqual([
      'dist/stack.yaml',
    ]);
  });

  test('contains the folders of its images, with Fetch & Run, and none of their source', () => {
    const images = join(home, 'node_modules/batch-pipeline/dist/images');
    const files = [
      ...globSync('**/*.*', { cwd: images }),
      ...globSync('*/{Dockerfile,.dockerignore}', { cwd: images }),
    ];
    expect([...new Set(files)].toSorted()).toEqual([
      ...['base/.dockerignore', 'base/Dockerfile', 'base/fetch-and-run.mjs', 'base/program.mjs'],
      ...['kallisto/Dockerfile', 'picard/Dockerfile', 'pizzly/Dockerfile'],
    ]);
  });

  test('brings zod, for its types, and esbuild', () => {
    const packages = readdirSync(join(home, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(packages.toSorted()).toEqual(['@esbuild', 'batch-pipeline', 'esbuild', 'zod']);
  });

  test('reports on an older Node which version it needs', async () => {
    const older = "data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } })";
    const program = join(home, 'node_modules/.bin/batch-pipeline');
    const done = await execa(process.execPath, ['--import', older, program, '--version'], { reject: false });
    expect(done).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('needs Node 24 or newer') });
  });
});

describe('the command of the package', () => {
  test('prints its version and help', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(await batchPipeline(home, '--version')).toMatchObject({ exitCode: 0, stdout: version });
    const help = await batchPipeline(home, '--help');
    expect(help.exitCode).toBe(0);
    const commands = [...help.stdout.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => name);
    expect(commands).toEqual(
      expect.arrayContaining(['run', 'plan', 'status', 'logs', 'results', 'check', 'init', 'demo']),
    );
  });

  test('knows the built-in pipeline', async () => {
    const help = await batchPipeline(home, 'plan', 'fusion');
    expect(help).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--samples') });
  });

  test('finds the images of the built-in pipeline', async () => {
    // Read before any builder is looked for.
    const built = await batchPipeline(home, 'images', 'build', '--build-arg', 'NOTHING=1');
    expect(built.exitCode).toBe(2);
    expect(built.stderr).toMatch(/DEBIAN_IMAGE, KALLISTO_VERSION, NODE_IMAGE, PICARD_VERSION, PIZZLY_VERSION/);
  });

  test('leads from init to results', async () => {
    expect(await batchPipeline(home, 'init', 'mine')).toMatchObject({ exitCode: 0 });
    const mine = join(home, 'mine');
    const samples = ['./pipeline.ts', '--samples', 'reads/*.txt'];
    const plan = await batchPipeline(mine, 'plan', ...samples);
    expect(plan).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/sort +2 +0/) });
    expect(await batchPipeline(mine, 'run', ...samples)).toMatchObject({ exitCode: 0 });
    const status = await batchPipeline(mine, 'status');
    expect(status).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^S1 +succeeded$/m) });
    const log = await batchPipeline(mine, 'logs', 'S2');
    expect(log.exitCode).toBe(0);
    expect(log.stdout + log.stderr).toContain('S2 sort succeeded');
    expect(await batchPipeline(mine, 'results', '--to', 'results')).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(mine, 'results/S1/sort/S1.sorted.txt'), 'utf8')).toBe('apple\npear\n');
    expect(readFileSync(join(mine, 'results/cohort/report/report.txt'), 'utf8')).toBe('S1: ok\nS2: ok\n');
    const again = await batchPipeline(mine, 'run', ...samples);
    expect(again).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('Everything is up to date') });
  });
});

describe('the project that init writes', () => {
  /** As `npm install` leaves it. */
  async function project(name: string): Promise<string> {
    expect(await batchPipeline(home, 'init', name)).toMatchObject({ exitCode: 0 });
    const folder = join(home, name);
    mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
    for (const one of ['typescript', '@types/node'])
      symlinkSync(join(ROOT, 'node_modules', one), join(folder, 'node_modules', one));
    return folder;
  }

  test('compiles, passes check, and tests its step', async () => {
    const folder = await project('correct');
    const { stdout } = await execa(process.execPath, [TSC], { cwd: folder, reject: false });
    expect(stdout).toBe('');
    const check = await batchPipeline(folder, 'check');
    expect(check).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('types: checked with TypeScript') });
    const tests = await execa('npm', ['test'], { cwd: folder, reject: false });
    expect(tests).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/pass 1\b/) });
  });

  test('does not compile with a wrong name of an input, and check names it', async () => {
    const folder = await project('misspelt');
    const file = join(folder, 'pipeline.ts');
    writeFileSync(file, readFileSync(file, 'utf8').replace('lines: samples.txt', 'lines: samples.tx'));
    const compiled = await execa(process.execPath, [TSC], { cwd: folder, reject: false });
    expect(compiled.stdout).toMatch(/^pipeline\.ts\(\d+,\d+\): error TS2339: Property 'tx' does not exist /m);
    const check = await batchPipeline(folder, 'check');
    expect(check.exitCode).toBe(2);
    expect(check.stderr).toMatch(/pipeline\.ts:\d+:\d+, step sort, input lines: There is no sample column "tx"\n/);
    expect(check.stderr).toContain('-> Did you mean "txt"?');
  });
});

describe('the types of the package', () => {
  /** Lines that TypeScript complains about in a user's file. */
  async function complaints(name: string, text: string): Promise<string[]> {
    const folder = join(home, name);
    mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
    writeFileSync(join(folder, 'pipeline.ts'), text);
    const settings = { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, types: ['node'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: settings }));
    const { stdout } = await execa(process.execPath, [TSC, '-p', folder], { cwd: folder, reject: false });
    return stdout.split('\n').filter((line) => /error TS/.test(line));
  }

  test('match what init writes', async () => {
    expect(await batchPipeline(home, 'init', 'written')).toMatchObject({ exitCode: 0 });
    expect(await complaints('typed', readFileSync(join(home, 'written/pipeline.ts'), 'utf8'))).toEqual([]);
  });

  test('reject wrong names of inputs, outputs and params', async () => {
    const text = readFileSync(join(ROOT, 'test/fixtures/does-not-compile.ts'), 'utf8');
    const wrong = text.split('\n').flatMap((line, index) => (line.endsWith('// wrong') ? [index + 1] : []));
    const found = await complaints('mistaken', text);
    expect(wrong).toHaveLength(7);
    expect(found.map((line) => Number(/^pipeline\.ts\((\d+),/.exec(line)?.[1]))).toEqual(wrong);
    expect(found.filter((line) => !/TS(2339|2551|18048)/.test(line))).toEqual([]);
  });
});
