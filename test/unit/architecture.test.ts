import { globSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BUILT_IN } from '../../pipelines/catalog.ts';
import { importCircles } from './architecture/circles.ts';
import { readImportTable } from './architecture/import-table.ts';
import { parseSourceFile, readSourceFiles } from './architecture/source-file.ts';
import { mentions, violations } from './architecture/violations.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const table = readImportTable(readFileSync(`${ROOT}/docs/architecture.md`, 'utf8'));
const files = readSourceFiles(ROOT);

test('the sources keep the rules of docs/architecture.md', () => {
  expect(files.length).toBeGreaterThan(100);
  expect(violations(files, table)).toEqual([]);
});

test('the table has a row for every folder', () => {
  expect([...table.keys()]).toEqual([
    ...['pipeline', 'record', 'plan', 'aws', 'store', 'samples', 'ledger', 'engine', 'runner', 'fetch-and-run'],
    ...['deploy', 'run', 'gc', 'views', 'check', 'testing', 'cli'],
  ]);
});

describe('no file below src/ names a built-in pipeline or its images', () => {
  const names = Object.entries(BUILT_IN).flatMap(([name, { images }]) => [name, ...images]);
  const texts = globSync('src/**/*', { cwd: ROOT })
    .filter((path) => statSync(`${ROOT}/${path}`).isFile())
    .map((path) => ({ path, text: readFileSync(`${ROOT}/${path}`, 'utf8') }));

  test('in the sources', () => {
    expect(texts.some(({ path }) => path.endsWith('stack.yaml'))).toBe(true);
    expect(mentions(texts, names)).toEqual([]);
  });

  test.for(['fusion', 'picard', 'kallisto', 'pizzly'])('%s, planted in a comment, is found', (name) => {
    expect(mentions([{ path: 'src/x.ts', text: `/** As ${name} does. */` }], names)).toEqual([
      `src/x.ts mentions ${name}`,
    ]);
  });
});

test('no files import each other in a circle, not even for types', () => {
  expect(importCircles(files)).toEqual([]);
});

test('a planted circle is reported once, with all of its files', () => {
  const planted = [
    ['src/plan/a.ts', "import type { B } from './b.ts';"],
    ['src/plan/b.ts', "export * from './c.ts';"],
    ['src/plan/c.ts', "import { a } from './a.ts';"],
    ['src/plan/d.ts', "import { a } from './a.ts';"],
  ] as const;
  expect(importCircles(planted.map(([path, text]) => parseSourceFile(path, text)))).toEqual([
    ['src/plan/a.ts', 'src/plan/b.ts', 'src/plan/c.ts'],
  ]);
});

describe('a planted violation is caught:', () => {
  test.for([
    ['src/plan/plan.ts', 'imports src/store/open-store.ts', "import { openStore } from '../store/open-store.ts';"],
    ['src/record/keys.ts', 'imports src/pipeline/step.ts', "import type { Step } from '../pipeline/step.ts';"],
    [
      'src/engine/slurm/poll.ts',
      'imports src/engine/local/machine.ts, of another engine',
      "import { x } from '../local/machine.ts';",
    ],
    ['src/engine/slurm/poll.ts', 'imports src/runner/tools.ts', "import { probeTool } from '../../runner/tools.ts';"],
    ['src/views/columns.ts', 'imports src/run/watch.ts', "import { type A, watchRun } from '../run/watch.ts';"],
    ['src/run/watch.ts', 'imports src/cli/print.ts', "import {\n  a,\n  b,\n} from '../cli/print.ts';"],
    ['src/run/watch.ts', 'imports src/cli/print.ts', "await import('../cli/print.ts');"],
    ['src/pipeline/step.ts', 'imports src/plan/plan.ts', "export * from '../plan/plan.ts';"],
    [
      'src/pipeline/step.ts',
      'imports pipelines/fusion/fusion.ts, not the catalog',
      "import fusion from '../../pipelines/fusion/fusion.ts';",
    ],
    ['pipelines/fusion/fusion.ts', 'imports src/record/keys.ts', "import { runKeys } from '../../src/record/keys.ts';"],
    ...(
      [
        ['samples/read-samples', 'readSamples'],
        ['runner/debug-task', 'debugTask'],
        ['ledger/run-store', 'readManifest'],
        ['store/open-store', 'openStore'],
        ['run/watch', 'watchRun'],
        ['deploy/stack/change-set', 'changeSet'],
        ['engine/local/machine', 'machineMemoryMiB'],
      ] as const
    ).map(
      ([module, name]) =>
        [
          'src/cli/commands/doctor.ts',
          `imports src/${module}.ts, which is no verb`,
          `import { ${name} } from '../../${module}.ts';`,
        ] as const,
    ),
    ['src/cli/commands/doctor.ts', 'imports src/run/watch.ts, which is no verb', "await import('../../run/watch.ts');"],
    ['src/run/watch.ts', 'imports @aws-sdk/client-s3', "import { S3Client } from '@aws-sdk/client-s3';"],
    ['src/run/watch.ts', 'imports @aws-sdk/client-batch', "import '@aws-sdk/client-batch';"],
    [
      'src/deploy/stack/deploy-stack.ts',
      'imports @aws-sdk/client-cloudformation',
      "import '@aws-sdk/client-cloudformation';",
    ],
    ['src/plan/plan.ts', 'imports node:fs', "import { readFileSync } from 'node:fs';"],
    ['src/plan/plan.ts', 'asks the clock or chance', 'const now = Date.now();'],
    ['src/runner/shell.ts', 'reads process.env', "const path = process.env['PATH'];"],
    ['src/run/watch.ts', 'calls process.exit', 'process.exit(1);'],
    ['src/new-room/thing.ts', 'is in no folder of the table', ''],
  ] as const)('%s %s', ([path, complaint, text]) => {
    expect(violations([parseSourceFile(path, text)], table)).toEqual([`${path} ${complaint}`]);
  });
});

test('what the rules allow is not a violation', () => {
  const fine = [
    ['src/pipeline/load-pipeline.ts', "import { BUILT_IN } from '../../pipelines/catalog.ts';"],
    ['src/pipeline/step.ts', "import type { FailureCause } from '../record/cause.ts';"],
    ['src/views/columns.ts', "import {\n  type A,\n  type B,\n} from '../run/watch.ts';"],
    ['src/plan/plan.ts', "// import { openStore } from '../store/open-store.ts'; process.exit(1)"],
    ['src/runner/shell.ts', '/** Not from process.env. */'],
    ['src/cli/main.ts', 'process.exit(0);'],
    ['src/cli/commands/doctor.ts', "import { planRun } from '../../run/plan-run.ts';"],
    ['src/cli/commands/doctor.ts', "import type { TaskTable } from '../../ledger/task-table.ts';"],
  ] as const;
  expect(
    violations(
      fine.map(([path, text]) => parseSourceFile(path, text)),
      table,
    ),
  ).toEqual([]);
});
