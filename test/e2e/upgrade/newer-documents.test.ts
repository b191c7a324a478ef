import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openFolderStore } from '../../../src/store/folder-store.ts';
import { parseRecordKey } from '../../../src/record/keys.ts';
import { isDone } from '../../../src/runner/task-result.ts';
import { exits, runCli } from '../../fixtures/cli.ts';
import { told } from '../../fixtures/told.ts';
import { addFiles, filesIn, LETTERS, TWO_TEXTS, workFolder } from '../../fixtures/work-folder.ts';

const RUN = ['run', LETTERS, '-s', 'in/*.txt'] as const;
const STORE = 'batch-pipeline-store';

async function finished(): Promise<string> {
  const cwd = workFolder(TWO_TEXTS);
  await exits(0, RUN, { cwd });
  return cwd;
}

/** Rewrites the one document that matches; answers its name. */
function rewrite(cwd: string, pattern: string, change: object): string {
  const [name = ''] = globSync(`${STORE}/v1/${pattern}`, { cwd });
  const path = join(cwd, name);
  const json = JSON.parse(readFileSync(path, 'utf8')) as object;
  rmSync(path);
  writeFileSync(path, JSON.stringify({ ...json, ...change }));
  return name;
}

test('a store of a later layout is refused in one line by every command that opens it, and nothing is removed', async () => {
  const cwd = await finished();
  expect(readFileSync(join(cwd, STORE, 'v1/format.json'), 'utf8')).toBe('{"format":1}\n');
  addFiles(cwd, { [`${STORE}/v1/format.json`]: '{"format":2}' });
  const before = filesIn(cwd);
  const commands = [
    ...[RUN, ['plan', ...RUN.slice(1)], ['status'], ['logs', 'S1'], ['retry'], ['cancel'], ['results'], ['runs']],
    ...[
      ['gc', '--apply'],
      ['reference', 'list'],
    ],
  ];
  for (const args of commands) {
    expect(told(await runCli(args, { cwd }), cwd), args[0]).toBe(
      [
        'exit 3',
        `error: The store file://<folder>/${STORE} was written by a newer batch-pipeline`,
        '  -> Upgrade this one: npm install --global batch-pipeline@latest. Nothing was changed.',
      ].join('\n'),
    );
  }
  expect(filesIn(cwd)).toEqual(before);
});

test('a manifest of a later version is reported where it is needed, and gc removes nothing', async () => {
  const cwd = await finished();
  rewrite(cwd, 'runs/letters-1/manifest.json', { version: 99 });
  const before = filesIn(cwd);
  for (const args of [['status'], ['retry'], ['results'], ['logs', 'S1'], ['cancel'], ['gc', '--apply']]) {
    const { code, stderr } = await runCli(args, { cwd });
    expect(stderr.split('\n')[0], args[0]).toBe(
      'error: v1/runs/letters-1/manifest.json was written by a newer batch-pipeline',
    );
    expect(code).toBe(3);
  }
  expect(filesIn(cwd).filter((name) => !name.endsWith('gc.json'))).toEqual(before);
});

test('a success recorded by a later program is never removed: what needs it fails and reports it', async () => {
  const cwd = await finished();
  const name = rewrite(cwd, 'letters/records/marked/S1.*', { version: 2 });
  const ran = await runCli([...RUN, '-p', 'loud=true'], { cwd });
  expect(ran.code).not.toBe(0);
  expect(ran.stderr).toContain(`${name.replace(`${STORE}/`, '')} was written by a newer batch-pipeline`);
  const store = openFolderStore(join(cwd, STORE));
  const { sample, key } = parseRecordKey(name) ?? { sample: '', key: '' };
  await expect(isDone(store, { pipeline: 'letters', step: 'marked', sample, key })).rejects.toMatchObject({
    code: 'document-newer',
  });
  expect(globSync(name, { cwd })).toHaveLength(1);
});

test('a failure with a cause that only a later program knows is shown with it, and can be retried', async () => {
  const cwd = await finished();
  const [success = ''] = globSync(`${STORE}/v1/letters/records/marked/S1.*`, { cwd });
  const record = JSON.parse(readFileSync(join(cwd, success), 'utf8')) as Record<string, unknown>;
  const failure = success.replace('succeeded', 'letters-1_0_1.failed-eaten-by-mice');
  rmSync(join(cwd, success));
  const failed = { ...record, state: 'failed', cause: 'eaten-by-mice', message: 'Mice', outputs: [] };
  addFiles(cwd, { [failure]: JSON.stringify(failed) });
  expect((await runCli(['status'], { cwd })).stdout).toContain('failed: eaten-by-mice');
  expect((await runCli(['logs', 'S1'], { cwd })).stderr).toContain('failed: eaten-by-mice');
  await exits(0, ['retry'], { cwd });
});

test('gc leaves the outputs of a step with unknown records', async () => {
  const cwd = await finished();
  const [success = ''] = globSync(`${STORE}/v1/letters/records/sorted/S1.*`, { cwd });
  const later = success.replace('.succeeded.json', '.succeeded-elsewhere.json');
  addFiles(cwd, { [later]: readFileSync(join(cwd, success), 'utf8') });
  rmSync(join(cwd, success));
  const { stdout } = await exits(0, ['gc', '--json'], { cwd });
  expect(JSON.parse(stdout)).toMatchObject({
    garbage: [],
    spared: [
      {
        what: 'outputs of letters sorted',
        why: `${later.replace(`${STORE}/`, '')} is not a record that this version knows`,
      },
    ],
  });
});
