/** Something wrong that a check of the gate has to find. */
export interface Proof {
  check: string;
  /** Path to the new text of a file, or to what is replaced in it by what. */
  plants: Readonly<Record<string, string | { replace: string; by: string }>>;
  /** Folder whose files are removed, so that the check looks at the planted ones only. */
  instead?: string;
  /** What the check has to print, each of them. */
  says: readonly RegExp[];
}

const LONG_FUNCTION = `export function long(): void {\n${'  console.log();\n'.repeat(61)}}\n`;

export const PROOFS: readonly Proof[] = [
  { check: 'format', plants: { 'src/planted.ts': 'export  const a="1"' }, says: [/src\/planted\.ts/] },
  {
    check: 'lint',
    plants: {
      'src/floating.ts': 'export function start(): void {\n  fetch("x");\n}\n',
      'src/any.ts': 'export const value: any = 1;\n',
      'src/misused.ts': 'export const wrong = [1].filter(async (n) => Promise.resolve(n > 1));\n',
      'src/switch.ts':
        'export function f(x: "a" | "b"): void {\n  switch (x) {\n    case "a":\n      console.log(x);\n  }\n}\n',
      'src/cycle-a.ts': "import { b } from './cycle-b.ts';\nexport const a = (): unknown => b;\n",
      'src/cycle-b.ts': "import { a } from './cycle-a.ts';\nexport const b = (): unknown => a;\n",
      'src/long-function.ts': LONG_FUNCTION,
      'src/long-file.ts': `export const a = 1;\n${'// One line.\n'.repeat(300)}`,
      'test/unit/only.test.ts': "import { test } from 'vitest';\ntest.only('a', () => {});\n",
    },
    says: [
      ...[/no-floating-promises/, /no-explicit-any/, /no-misused-promises/, /switch-exhaustiveness-check/, /no-cycle/],
      ...[/max-lines-per-function/, /max-lines\)/, /no-focused-tests/],
    ],
  },
  {
    check: 'types',
    plants: {
      'src/planted.ts': "export const n: number = 'text';\n",
      'examples/planted.ts': "import { defineStep } from 'batch-pipeline';\ndefineStep({ wrong: 'x' });\n",
      'test/unit/planted.test.ts': "export const n: number = 'text';\n",
    },
    says: [/src\/planted\.ts.*TS2322/, /examples\/planted\.ts.*TS2353/, /test\/unit\/planted\.test\.ts.*TS2322/],
  },
  {
    check: 'starter',
    plants: {
      'src/cli/starter-files.ts': { replace: 'inputs: { lines: samples.txt }', by: 'inputs: { lines: samples.tx }' },
    },
    says: [/pipeline\.ts.*'tx' does not exist/],
  },
  {
    check: 'architecture',
    plants: { 'src/plan/planted.ts': "export { openStore } from '../store/open-store.ts';\n" },
    says: [/src\/plan\/planted\.ts imports src\/store\/open-store\.ts/],
  },
  {
    check: 'generated',
    plants: { 'src/errors.ts': { replace: 'samplesFailed: 1,', by: 'samplesFailed: 5,' } },
    says: [/exit-codes\.md is out of date/],
  },
  {
    check: 'dead-code',
    plants: {
      'src/nobody-imports-me.ts': 'export const a = 1;\n',
      'src/store/hash-file.ts': {
        replace: 'export async',
        by: 'export const nobodyUsesMe = 1;\n\nexport async',
      },
      'package.json': { replace: '"devDependencies": {', by: '"devDependencies": {\n    "left-over": "1.0.0",' },
    },
    says: [/src\/nobody-imports-me\.ts/, /nobodyUsesMe/, /left-over/],
  },
  {
    check: 'package',
    plants: { 'package.json': { replace: '"default": "./dist/index.js"', by: '"default": "./dist/gone.js"' } },
    says: [/gone\.js/],
  },
  {
    check: 'package-types',
    plants: { 'package.json': { replace: './dist/types/src/index.d.ts', by: './dist/types/src/gone.d.ts' } },
    says: [/No types/i],
  },
  ...['unit', 'contract', 'e2e'].map((project) => failingTests(project)),
];

/** A test that fails, one that asserts nothing, one that keeps the others from running, and a file that does not load. */
function failingTests(project: string): Proof {
  const head = "import { expect, test } from 'vitest';\n";
  return {
    check: project,
    instead: `test/${project}`,
    plants: {
      [`test/${project}/fails.test.ts`]: `${head}test('planted failure', () => expect(1).toBe(2));\n`,
      [`test/${project}/empty.test.ts`]: `${head}test('planted emptiness', () => void expect);\n`,
      [`test/${project}/only.test.ts`]: `${head}test.only('planted only', () => expect(1).toBe(1));\n`,
      [`test/${project}/broken.test.ts`]: "import './nowhere.ts';\n",
    },
    says: [/planted failure/, /planted emptiness/, /Unexpected \.only/, /nowhere\.ts/],
  };
}
