/** One check of the gate: a program that fails if something is wrong with the checkout that it runs in. */
export interface Check {
  name: string;
  /** A script, or a program of node_modules/.bin. */
  command: readonly [string, ...string[]];
  kind: 'static' | 'tests';
  /** It reads dist/, which must be built. */
  looksAtDist?: true;
}

export const CHECKS: readonly Check[] = [
  { kind: 'static', name: 'format', command: ['oxfmt', '--check', '.'] },
  { kind: 'static', name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { kind: 'static', name: 'types', command: ['tsc'] },
  { kind: 'static', name: 'starter', command: ['node', 'scripts/check-starter.ts'] },
  { kind: 'static', name: 'architecture', command: ['vitest', 'run', 'test/unit/architecture.test.ts'] },
  { kind: 'static', name: 'generated', command: ['node', 'scripts/gen-docs.ts', '--check'] },
  { kind: 'static', name: 'dead-code', command: ['knip'] },
  { kind: 'static', name: 'package', command: ['node', 'scripts/check-package.ts', 'publint'], looksAtDist: true },
  { kind: 'static', name: 'package-types', command: ['node', 'scripts/check-package.ts', 'attw'], looksAtDist: true },
  { kind: 'tests', name: 'unit', command: ['vitest', 'run', '--project', 'unit'] },
  { kind: 'tests', name: 'contract', command: ['vitest', 'run', '--project', 'contract'] },
  { kind: 'tests', name: 'e2e', command: ['vitest', 'run', '--project', 'e2e'] },
];
