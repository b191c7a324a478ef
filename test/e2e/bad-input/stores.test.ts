import { expect, test } from 'vitest';
import { PROGRAM, startProgram } from '../../fixtures/cli.ts';
import { plain } from '../../fixtures/told.ts';
import { LETTERS, OBEY, TWO_TEXTS, workFolder } from '../../fixtures/work-folder.ts';
import { refusal } from './refusal.ts';

/** `run letters` on this store. */
function run(store: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
  return refusal(['run', LETTERS, '-s', 'S1,S2', '--inputs', 'in', '--store', store], { ...TWO_TEXTS, ...files });
}

/**
 * Runs shell commands in a private mount namespace. Permissions do not bind root, and a disk of a few megabytes is not
 * available otherwise: a mount enforces both for every user.
 */
async function inOwnMounts(commands: string, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = workFolder({ ...files, 'commands.sh': SHELL + commands });
  const result = await startProgram('unshare', ['-rm', 'sh', 'commands.sh'], { cwd: folder, env: { PROGRAM } }).over;
  expect(result.stderr).toBe('');
  return plain(result.stdout, folder);
}

/** What the commands are written in. */
const SHELL = `set -e
# The command's closing screen, or all of it, and its exit code.
bp() {
  $AS node "$PROGRAM" "$@" >out.txt 2>&1 && code=0 || code=$?
  sed '1,/^$/d' out.txt >end.txt
  [ -s end.txt ] || cp out.txt end.txt
  cat end.txt
  echo "exit $code"
}
# As a user whom permissions bind, root too.
bound() { AS='setpriv --bounding-set -dac_override,-dac_read_search'; "$@"; AS=; }
# What a store holds, with the keys left out.
objects() { (cd "$1" && find . -type f | sed -E 's/[0-9a-f]{40}(-[0-9a-f]{16})?/KEY/' | sort); }
`;

test('a store that is a file, below a file, or of an unknown kind', async () => {
  expect(await run('notes', { notes: 'x' })).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/notes: The store is a file, but must be a folder"
  `);
  expect(await run('notes/store', { notes: 'x' })).toMatchInlineSnapshot(`
    "exit 3
    error: <folder>/notes/store/v1/bundles/<sha256>.zip: In a folder, a name cannot be both an object and part of the keys of others"
  `);
  expect(await run('ftp://host/folder')).toMatchInlineSnapshot(`
    "exit 2
    error: "ftp://host/folder" is not a valid store: "ftp:" is not a supported kind of store
      -> Give a folder, or s3://BUCKET/PREFIX."
  `);
  expect(await run('s3://')).toMatchInlineSnapshot(`
    "exit 2
    error: "s3://" is not a valid store: "" is not a valid bucket name
      -> Write it as s3://BUCKET/PREFIX."
  `);
});

test('a store without write or read permission', async () => {
  const commands = `
mkdir store; mount -t tmpfs -o ro tmpfs store
bp run ${LETTERS} -s S1,S2 --inputs in --store store
bp run ${LETTERS} -s S1,S2 --inputs in --store other
chmod 0 other/v1
bound bp status --store other
bound bp plan ${LETTERS} -s S1,S2 --inputs in --store other
chmod 700 other/v1
`;
  expect(await inOwnMounts(commands, TWO_TEXTS)).toMatchInlineSnapshot(`
    "error: <folder>/store/v1/bundles/<sha256>.zip: No permission to write to the store
      -> Check owner, permissions and mount options of the folder, or choose another store.
    exit 3
    Run letters-1: 2 samples, 2 succeeded; 5 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline --store other results
    exit 0
    error: EACCES: permission denied, stat '<folder>/other/v1/run-ids/'
      -> The operating system refused: check owner, permissions and free space.
    exit 3
    error: <folder>/other/v1/gc.json: No permission to read the store
      -> Check owner and permissions of the folder.
    exit 3
    "
  `);
});

test('a task that fills the disk fails, leaves no scratch, and does not affect the next', async () => {
  const commands = `
mkdir disk; mount -t tmpfs -o size=4m tmpfs disk
bp run ${OBEY} -s 'in/*.txt' --cpus 1 --store disk/store
objects disk/store/v1/obey
ls -A disk/store/.scratch
`;
  const files = { 'in/BIG.txt': 'fill 8\n', 'in/S2.txt': 'print fine\n' };
  expect(await inOwnMounts(commands, files)).toMatchInlineSnapshot(`
    "failed BIG in step obey: disk
      head exited with code 1
      -> Free some space on the disk where tasks work, then run the same command again.
      | $ head -c 8388608 /dev/zero > filling
      | head: error writing 'standard output': No space left on device
      log: batch-pipeline --store disk/store logs BIG obey
      debug: batch-pipeline --store disk/store debug BIG obey

    Run obey-1: 2 samples, 1 succeeded, 1 failed; 3 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline --store disk/store status   batch-pipeline --store disk/store retry
    exit 1
    ./logs/obey/BIG.KEY.obey-1_0_1.log
    ./logs/obey/S2.KEY.obey-1_0_1.log
    ./outputs/obey/S2.KEY/S2.done
    ./outputs/report/S2.KEY/S2.report
    ./records/obey/BIG.KEY.obey-1_0_1.failed-disk.json
    ./records/obey/S2.KEY.succeeded.json
    ./records/report/S2.KEY.succeeded.json
    "
  `);
});

test('a run on a full disk starts nothing; with some space the same command continues', async () => {
  const commands = `
mkdir disk; mount -t tmpfs -o size=2m tmpfs disk
bp run ${LETTERS} -s S1 --inputs in --store disk/store
objects disk/store/v1 >before.txt
head -c 4m /dev/zero >disk/rest 2>&- || true
bp run ${LETTERS} -s S1,S2 --inputs in --store disk/store
objects disk/store/v1 >after.txt; diff before.txt after.txt
rm disk/rest
bp run ${LETTERS} -s S1,S2 --inputs in --store disk/store
`;
  expect(await inOwnMounts(commands, TWO_TEXTS)).toMatchInlineSnapshot(`
    "Run letters-1: 1 sample, 1 succeeded; 3 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline --store disk/store results
    exit 0
    error: <folder>/disk/store/.scratch/<attempt>/pipeline.mjs: No space is left on the local disk
      -> Free some space, then run the same command again: finished tasks are kept.
    exit 3
    Run letters-2: 2 samples, 2 succeeded; 3 tasks run, 2 up to date, in <seconds>.
    next: batch-pipeline --store disk/store results
    exit 0
    "
  `);
});
