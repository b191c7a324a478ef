import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

// Real processes on a machine that may have other work: a test that hangs ends, a slow one does not fail.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const run = promisify(execFile);
const SCRIPTS = resolve(import.meta.dirname, '../../../scripts');
let top: string;
/** A project of our own: the scripts and nothing else. */
let root: string;

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'setup-'));
});
afterAll(() => rm(top, { recursive: true, force: true }));
beforeEach(async () => {
  root = await mkdtemp(join(top, 'project '));
  await cp(SCRIPTS, join(root, 'scripts'), { recursive: true });
});

async function program(folder: string, name: string, body: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), `#!/bin/sh\n${body}\n`);
  await chmod(join(folder, name), 0o755);
}

describe('with-node.sh', () => {
  const withNode = (...args: string[]) => run('sh', [join(root, 'scripts/with-node.sh'), ...args]);

  test('passes on arguments, output and exit code', async () => {
    expect((await withNode('node', '-p', 'process.argv[1]', 'a b')).stdout).toBe('a b\n');
    await expect(withNode('sh', '-c', 'exit 7')).rejects.toMatchObject({ code: 7 });
  });

  test('without a command prints its usage', async () => {
    await expect(withNode()).rejects.toMatchObject({ code: 3, stderr: expect.stringContaining('Usage: ') });
  });

  test('with an old Node uses the packaged one, if present', async () => {
    const bin = join(root, 'old');
    await program(bin, 'node', 'echo v20.20.2');
    await program(join(root, 'tools/node/node_modules/.bin'), 'node', 'echo v24.21.0');
    const env = { PATH: `${bin}:${process.env['PATH']}` };
    const { stdout } = await run('sh', [join(root, 'scripts/with-node.sh'), 'node', '--version'], { env });
    expect(stdout).toBe('v24.21.0\n');
  });

  test('with an old Node and no npm reports what to install', async () => {
    const bin = join(root, 'old');
    await program(bin, 'node', 'echo v20.20.2');
    await symlink('/usr/bin/dirname', join(bin, 'dirname'));
    const done = run('/bin/sh', [join(root, 'scripts/with-node.sh'), 'node'], { env: { PATH: bin } });
    await expect(done).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringContaining('Node 24 or newer is needed'),
    });
  });
});

test('setup.sh refuses an option that it does not know', async () => {
  const done = run('sh', [join(root, 'scripts/setup.sh'), '--everything']);
  await expect(done).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--for-tests') });
});

describe('modules-are-current.ts', () => {
  const check = async (wanted: object, installed: object): Promise<unknown> => {
    await mkdir(join(root, 'node_modules'), { recursive: true });
    await writeFile(join(root, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...wanted } }));
    await writeFile(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
    const script = join(root, 'scripts/setup/modules-are-current.ts');
    return run(process.execPath, [script, root]).then(
      () => true,
      (error: { code: unknown }) => (error.code === 1 ? false : error),
    );
  };
  const zod = { 'node_modules/zod': { version: '4.6.7', integrity: 'sha512-a' } };
  const other = { 'node_modules/other': { version: '1.0.0', integrity: 'sha512-b' } };
  const optional = { 'node_modules/binding-win32': { version: '1.0.0', optional: true } };

  test('reports whether npm has anything to do', async () => {
    expect(await check(zod, zod)).toBe(true);
    expect(await check({ ...zod, ...optional }, zod)).toBe(true);
    expect(await check(zod, {})).toBe(false);
    expect(await check({ ...zod, ...other }, zod)).toBe(false);
    expect(await check(zod, { ...zod, ...other })).toBe(false);
    expect(await check(zod, { 'node_modules/zod': { version: '4.6.7', integrity: 'sha512-c' } })).toBe(false);
  });
});

test('complete-lockfile.ts adds packages of other platforms, once', async () => {
  const file = join(root, 'package-lock.json');
  const optionalDependencies = {
    '@x/binding-linux-arm-gnueabihf': '1.2.3',
    '@x/binding-linux-x64-gnu': '1.2.3',
    '@x/win32-x64': '1.2.3',
  };
  const packages = {
    '': { name: 'p' },
    'node_modules/@x/binding-linux-x64-gnu': { version: '1.2.3', integrity: 'sha512-a', optional: true },
    'node_modules/x': { version: '1.2.3', dev: true, optionalDependencies },
  };
  await writeFile(file, JSON.stringify({ lockfileVersion: 3, packages }));
  const complete = async (): Promise<string> =>
    (await run(process.execPath, [join(root, 'scripts/complete-lockfile.ts'), file])).stdout;
  expect(await complete()).toBe(`${file}: 2 entries added\n`);
  const { packages: after } = JSON.parse(await readFile(file, 'utf8')) as { packages: object };
  expect(after).toMatchInlineSnapshot(`
    {
      "": {
        "name": "p",
      },
      "node_modules/@x/binding-linux-arm-gnueabihf": {
        "cpu": [
          "arm",
        ],
        "dev": true,
        "libc": [
          "glibc",
        ],
        "optional": true,
        "os": [
          "linux",
        ],
        "version": "1.2.3",
      },
      "node_modules/@x/binding-linux-x64-gnu": {
        "integrity": "sha512-a",
        "optional": true,
        "version": "1.2.3",
      },
      "node_modules/@x/win32-x64": {
        "cpu": [
          "x64",
        ],
        "dev": true,
        "optional": true,
        "os": [
          "win32",
        ],
        "version": "1.2.3",
      },
      "node_modules/x": {
        "dev": true,
        "optionalDependencies": {
          "@x/binding-linux-arm-gnueabihf": "1.2.3",
          "@x/binding-linux-x64-gnu": "1.2.3",
          "@x/win32-x64": "1.2.3",
        },
        "version": "1.2.3",
      },
    }
  `);
  expect(Object.keys(after)[0]).toBe('');
  expect(await complete()).toBe(`${file}: 0 entries added\n`);
});

test("apt's private configuration asks the machine's mirrors for sources only", async () => {
  const etc = join(root, 'etc');
  await mkdir(join(etc, 'parts'), { recursive: true });
  const oneLine =
    'deb [signed-by=/k.gpg] http://mirror.example/debian stable main\ndeb-src http://mirror.example/x y z\n# deb off\n';
  await writeFile(join(etc, 'sources.list'), oneLine);
  await writeFile(join(etc, 'parts/more.list'), 'deb http://more.example/debian stable main\n');
  await writeFile(join(etc, 'parts/d.sources'), 'Types: deb deb-src\nURIs: http://d.example/debian\nSuites: stable\n');
  await writeFile(join(etc, 'parts/ignored.disabled'), 'deb http://off.example/ x y\n');
  await program(
    join(root, 'bin'),
    'apt-config',
    `printf "one_file='%s'\\nmany_files='%s'\\n" '${etc}/sources.list' '${etc}/parts/'`,
  );
  const script =
    'root=$1; . "$root/scripts/setup/say.sh"; . "$root/scripts/setup/spike-in.sh"; work=$root/work; write_apt_config';
  await run('sh', ['-euc', script, 'sh', root], { env: { PATH: `${join(root, 'bin')}:${process.env['PATH']}` } });
  const written = async (name: string): Promise<string> => readFile(join(root, 'work', name), 'utf8');
  expect(await written('sources/sources.list')).toBe(
    'deb-src [signed-by=/k.gpg] http://mirror.example/debian stable main\n',
  );
  expect(await written('sources/more.list')).toBe('deb-src http://more.example/debian stable main\n');
  expect(await written('sources/d.sources')).toContain('Types: deb-src\nURIs: http://d.example/debian\n');
  expect((await written('apt.conf')).replaceAll(root, 'ROOT')).toMatchInlineSnapshot(`
    "#clear APT::Update;
    Dir::Etc::sourcelist "/dev/null";
    Dir::Etc::sourceparts "ROOT/work/sources/";
    Dir::State::lists "ROOT/work/lists/";
    Dir::Cache "ROOT/work/cache/";
    Acquire::Retries "1";
    Acquire::http::Timeout "20";
    Acquire::https::Timeout "20";
    "
  `);
});
