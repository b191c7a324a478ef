import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exits, runCli } from '../fixtures/cli.ts';
import { closing, told } from '../fixtures/told.ts';
import { untilThere } from '../fixtures/until.ts';
import { addFiles, OBEY, workFolder } from '../fixtures/work-folder.ts';
import { type GridEngineCluster, startGridEngine } from '../stack/gridengine/grid-engine-cluster.ts';

const ENGINE = join(import.meta.dirname, '../../examples/grid-engine/engine.ts');
const RUN = ['run', OBEY, '-s', 'in/*.txt', '--engine', ENGINE, '--engine-option', 'queue=main.q'] as const;

let cluster: GridEngineCluster;
let env: Readonly<Record<string, string>>;
beforeAll(async () => {
  cluster = await startGridEngine();
  env = { ...cluster.environment, BATCH_PIPELINE_POLL_SECONDS: '1' };
}, 600_000);
afterAll(() => cluster.stop());

test('the Grid Engine of examples/: a failing sample, status, retry and cancel', { timeout: 600_000 }, async () => {
  const cwd = workFolder({});
  addFiles(cwd, { 'in/S1.txt': 'print one\n', 'in/S2.txt': `need ${cwd}/there\n` });
  const run = await runCli([...RUN, '--watch'], { cwd, env });
  expect(run.code, run.stderr).toBe(1);
  const { stdout } = await exits(1, ['status', '--json'], { cwd, env });
  const { samples } = JSON.parse(stdout) as { samples: { tasks: Record<string, { state: string; cause?: string }> }[] };
  expect(samples.map(({ tasks }) => Object.values(tasks).map(({ state, cause }) => cause ?? state))).toEqual([
    ['succeeded', 'succeeded'],
    ['tool', 'upstream-failed'],
  ]);

  addFiles(cwd, { there: '' });
  expect(closing(await runCli(['retry', '--watch'], { cwd, env }), cwd)).toMatchInlineSnapshot(`
    "exit 0
    Run obey-1: 2 samples, 2 succeeded; 4 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline results"
  `);

  addFiles(cwd, { 'in/S1.txt': `touch ${cwd}/started\nawait ${cwd}/never\n` });
  await exits(0, RUN, { cwd, env });
  await untilThere(join(cwd, 'started'));
  expect(told(await runCli(['cancel'], { cwd, env }), cwd)).toMatchInlineSnapshot(`
    "exit 0
    Run obey-2 is cancelled. What is finished stays; the same run command carries on."
  `);
});

test('the Grid Engine of examples/: a queue that does not exist', async () => {
  const cwd = workFolder({ 'in/S1.txt': 'print one\n' });
  const run = await runCli([...RUN.slice(0, -1), 'queue=none.q'], { cwd, env });
  expect(run.code, run.stderr).toBe(3);
  expect(run.stderr).toContain('unknown queue "none.q"');
});
