/**
 * Proves that every check of the gate can fail: plants a violation in a copy of the checkout, and verifies that the
 * check finds it.
 *
 *   npm run check-check             all
 *   npm run check-check -- lint     this one
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { type Proof, PROOFS } from '../test/check-check/proofs.ts';
import { CHECKS } from './checks.ts';
import { ensureBuilt } from './ensure-built.ts';

const ROOT = resolve(import.meta.dirname, '..');

const wanted = process.argv.slice(2);
const complaints = CHECKS.filter(({ name }) => !PROOFS.some(({ check }) => check === name)).map(
  ({ name }) => `${name}: no proof that this check can fail`,
);
ensureBuilt();
const copy = mkdtempSync(join(tmpdir(), 'check-check-'));
try {
  copyCheckout();
  for (const proof of PROOFS.filter(({ check }) => wanted.length === 0 || wanted.includes(check))) {
    const found = prove(proof);
    console.log(found.length === 0 ? `${proof.check}: fails as it should` : found.join('\n'));
    complaints.push(...found);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(complaints.length === 0 ? 'Every check finds its violation' : `\n${complaints.join('\n')}`);
process.exitCode = complaints.length === 0 ? 0 : 1;

function copyCheckout(): void {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const files = execFileSync('git', list, { cwd: ROOT, encoding: 'utf8' }).split('\0').filter(Boolean);
  for (const file of [...files, 'dist'].filter((path) => existsSync(join(ROOT, path))))
    cpSync(join(ROOT, file), join(copy, file), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
}

/** Complaints about the check; none if it fails with the expected output. */
function prove({ check, plants, instead, says }: Proof): string[] {
  const before = instead === undefined ? undefined : setAside(instead);
  const undo = Object.entries(plants).map(([file, plant]) => put(file, plant));
  const { status, output } = runCheck(check);
  for (const restore of [...undo, before]) restore?.();
  if (status === 0) return [`${check}: passes, but should fail`];
  const silent = says.filter((pattern) => !pattern.test(output));
  return silent.length === 0 ? [] : [`${check}: does not report ${silent.join(', ')}, but:\n${output}`];
}

function runCheck(check: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(copy, 'scripts/check.ts'), '--no-setup', check],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    },
  );
  return { status, output: stripVTControlCharacters(stdout + stderr) };
}

/** Plants a file; returns a function that undoes it. */
function put(file: string, plant: Proof['plants'][string]): () => void {
  const path = join(copy, file);
  const old = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  if (typeof plant !== 'string' && !old?.includes(plant.replace)) throw new Error(`${file} has no ${plant.replace}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof plant === 'string' ? plant : String(old).replace(plant.replace, () => plant.by));
  return () => (old === undefined ? rmSync(path) : writeFileSync(path, old));
}

function setAside(folder: string): () => void {
  const aside = join(copy, '.cache/aside');
  cpSync(join(copy, folder), aside, { recursive: true });
  rmSync(join(copy, folder), { recursive: true });
  return () => {
    rmSync(join(copy, folder), { recursive: true, force: true });
    cpSync(aside, join(copy, folder), { recursive: true });
    rmSync(aside, { recursive: true });
  };
}
