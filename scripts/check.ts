/**
 * The gate: everything that must pass before a change is complete.
 *
 *   npm run check                      all checks
 *   npm run check -- --static          those that take seconds
 *   npm run check -- lint types        these
 *   … --no-setup                       without installing what the tests run against
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { delimiter, join, resolve } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { type Check, CHECKS } from './checks.ts';
import { ensureBuilt } from './ensure-built.ts';

const ROOT = resolve(import.meta.dirname, '..');

const { values, positionals } = parseArgs({
  options: { static: { type: 'boolean' }, setup: { type: 'boolean', default: true } },
  allowPositionals: true,
  allowNegative: true,
});
const unknown = positionals.filter((name) => !CHECKS.some((check) => check.name === name));
if (unknown.length > 0) {
  console.error(`No such check: ${unknown.join(', ')}. There are: ${CHECKS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const wanted = CHECKS.filter(isWanted);
if (values.setup && wanted.some(({ kind }) => kind === 'tests'))
  execFileSync(join(ROOT, 'scripts/setup.sh'), ['--for-tests'], { stdio: 'inherit' });
if (wanted.some(({ looksAtDist }) => looksAtDist)) ensureBuilt();
const failed = wanted.filter((check) => !passes(check));
const verdict = failed.length === 0 ? 'All checks passed' : `Failed: ${failed.map(({ name }) => name).join(', ')}`;
console.log(styleText(failed.length === 0 ? 'green' : 'red', verdict));
process.exitCode = failed.length === 0 ? 0 : 1;

function isWanted({ name, kind }: Check): boolean {
  if (positionals.length > 0) return positionals.includes(name);
  return values.static !== true || kind === 'static';
}

function passes({ name, command: [program, ...args] }: Check): boolean {
  console.log(styleText('bold', `\n${name}: ${[program, ...args].join(' ')}`));
  const PATH = [join(ROOT, 'node_modules/.bin'), process.env['PATH']].join(delimiter);
  const { status } = spawnSync(program === 'node' ? process.execPath : program, args, {
    cwd: ROOT,
    env: { ...process.env, PATH },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return status === 0;
}
