import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Run after `npm install`: adds to package-lock.json the optional packages for other platforms that npm has omitted.
 * npm omits packages that the registry in use lacks, and `npm ci` then refuses the lockfile everywhere. The added
 * entries have a version and a platform but no checksum: machines of that platform accept any content.
 */
interface Entry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

/** Parts of the names of platform packages, as in `@oxfmt/binding-linux-arm-gnueabihf`. */
const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const CPU = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

const file = process.argv[2] ?? 'package-lock.json';
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Entry> };
const missing = Object.entries(lock.packages).flatMap(([path, entry]) => missingFrom(path, entry));
if (missing.length > 0) {
  const entries = [...Object.entries(lock.packages), ...missing];
  lock.packages = Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);
}
console.log(`${file}: ${missing.length} entries added`);

function missingFrom(path: string, { dev, optionalDependencies = {} }: Entry): [string, Entry][] {
  return Object.entries(optionalDependencies)
    .filter(([name]) => !lock.packages[`${path}/node_modules/${name}`] && !lock.packages[`node_modules/${name}`])
    .map(([name, version]) => {
      if (!/^\d+\.\d+\.\d+/.test(version))
        throw new Error(`${path} requires ${name} ${version}, which is not an exact version`);
      return [`node_modules/${name}`, { version, ...(dev ? { dev } : {}), optional: true, ...platformOf(name) }];
    });
}

function platformOf(name: string): Pick<Entry, 'os' | 'cpu' | 'libc'> {
  const words = name.split(/[^a-z0-9]+/);
  const os = OS.filter((system) => words.includes(system));
  const cpu = CPU.filter((machine) => words.includes(machine));
  const libc = words.some((word) => word.startsWith('musl')) ? ['musl'] : ['glibc'];
  if (os.length + cpu.length === 0)
    throw new Error(`${name} does not name its platform: run npm install on a machine where it exists`);
  return {
    ...(os.length > 0 ? { os } : {}),
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(os[0] === 'linux' ? { libc } : {}),
  };
}
