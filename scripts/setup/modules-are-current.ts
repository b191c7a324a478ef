import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Exits 0 if node_modules of the given folder matches package-lock.json, 1 if `npm ci` is needed. npm records in
 * node_modules/.package-lock.json what it has installed; this also works after a manual `npm install`.
 */
interface Entry {
  version?: string;
  integrity?: string;
  /** May be absent if it does not fit the machine. */
  optional?: boolean;
  devOptional?: boolean;
}

const folder = process.argv[2] ?? '.';
const wanted = packagesIn('package-lock.json');
const installed = packagesIn('node_modules/.package-lock.json');
process.exitCode = isCurrent() ? 0 : 1;

function packagesIn(file: string): Map<string, Entry> {
  try {
    const { packages } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { packages: Record<string, Entry> };
    return new Map(Object.entries(packages).filter(([path]) => path !== ''));
  } catch {
    return new Map();
  }
}

function isCurrent(): boolean {
  if (installed.size === 0 || [...installed.keys()].some((path) => !wanted.has(path))) return false;
  return [...wanted].every(([path, entry]) => {
    const found = installed.get(path);
    if (!found) return entry.optional === true || entry.devOptional === true;
    return found.version === entry.version && (entry.integrity ?? found.integrity) === found.integrity;
  });
}
