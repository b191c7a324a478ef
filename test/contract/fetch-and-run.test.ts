import { createHash } from 'node:crypto';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startFaultProxy, type Fault, type FaultProxy } from '../stack/s3/fault-proxy.ts';
import { S3_KEYS } from '../stack/s3/start-s3.ts';
import { BUCKET, fetchAndRunLab, type FetchAndRunLab } from './fetch-and-run-fixture.ts';

let lab: FetchAndRunLab;
beforeAll(async () => {
  Object.assign(process.env, S3_KEYS);
  lab = await fetchAndRunLab();
});
afterAll(() => lab.stop());
afterEach(() => expect(lab.left()).toEqual([]));

const script = (key: string) => ({ BATCH_FILE_TYPE: 'script', BATCH_FILE_S3_URL: `s3://${BUCKET}/${key}` });
const zip = (key: string) => ({ BATCH_FILE_TYPE: 'zip', BATCH_FILE_S3_URL: `s3://${BUCKET}/${key}` });
const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');

const SHOW_ARGS = '#!/bin/sh\nfor a in "$@"; do echo "<$a>"; done\n';

describe('a script', () => {
  test('receives the arguments unchanged, without its own name', async () => {
    lab.put('args.sh', SHOW_ARGS);
    const plain = await lab.start(script('args.sh'), ['60', 'a b', '', '$HOME']);
    expect(plain.stdout).toBe('<60>\n<a b>\n<>\n<$HOME>');
    const named = await lab.start(script('args.sh'), ['args.sh', '60']);
    expect(named.stdout).toBe('<60>');
    const alone = await lab.start(script('args.sh'));
    expect([alone.stdout, alone.exitCode]).toEqual(['', 0]);
  });

  test('inherits input, output, environment and folder of the entrypoint', async () => {
    lab.put('io.sh', '#!/bin/bash\ncat; echo "$OWN in $PWD" >&2; basename "$0"');
    const run = lab.start({ ...script('io.sh'), OWN: 'value' });
    run.stdin.end('from outside\n');
    expect(await run).toMatchObject({ stdout: 'from outside\nio.sh', stderr: `value in ${process.cwd()}` });
  });

  test.each([0, 1, 42, 126, 137, 255])('passes its exit code %i on', async (code) => {
    lab.put('exit.sh', `#!/bin/sh\nexit ${code}`);
    expect((await lab.start(script('exit.sh'))).exitCode).toBe(code);
  });

  test('that dies from a signal has the exit code that shells use', async () => {
    lab.put('die.sh', '#!/bin/sh\nkill -KILL $$');
    expect((await lab.start(script('die.sh'))).exitCode).toBe(137);
  });

  test('without a first line #! is run by bash', async () => {
    lab.put('bare', 'echo "${BASH_VERSION:+bash} $1"');
    expect((await lab.start(script('bare'), ['x'])).stdout).toBe('bash x');
  });

  test('may be Node or any other interpreter of the image', async () => {
    lab.put('p.py', '#!/usr/bin/env python3\nimport sys; print(sys.argv[1:])');
    expect((await lab.start(script('p.py'), ['1'])).stdout).toBe("['1']");
  });

  test.each([
    ['#!/no/such/interpreter\n', 'Its interpreter is not in this image: "#!/no/such/interpreter"'],
    [
      '#!/bin/bash\r\necho\r\n',
      'Its interpreter is not in this image: "#!/bin/bash\\r" (The line ends as on Windows: save the script with Unix line ends.)',
    ],
  ])('whose interpreter is missing reports it: %j', async (content, message) => {
    lab.put('odd', content);
    const { exitCode, stderr } = await lab.start(script('odd'));
    expect(exitCode).toBe(127);
    expect(stderr).toMatch(/^fetch-and-run: .*\/files\/odd: /);
    expect(stderr.slice(stderr.indexOf('odd: ') + 5)).toBe(message);
  });
});

describe('a zip', () => {
  test('runs the named program in the unpacked folder, with the other arguments', async () => {
    await lab.putZip('tool.zip', [
      { name: 'bin/', content: '', mode: 0o40755 },
      { name: 'bin/main.sh', content: `#!/bin/sh\ncat lib/data.txt; "bin/helper.sh" "$@"` },
      { name: 'bin/helper.sh', content: SHOW_ARGS, mode: 0o100755, stored: true },
      { name: 'lib/data.txt', content: 'data\n', mode: 0o100640 },
    ]);
    const run = await lab.start(zip('tool.zip'), ['bin/main.sh', 'a', 'b c']);
    expect(run).toMatchObject({ stdout: 'data\n<a>\n<b c>', exitCode: 0 });
    expect((await lab.start(zip('tool.zip'), ['./bin/main.sh'])).stdout).toBe('data');
  });

  test('keeps permissions and links', async () => {
    await lab.putZip('modes.zip', [
      { name: 'look', content: '#!/bin/sh\nstat -c "%a %N" x y here', mode: 0o100700 },
      { name: 'x', content: '', mode: 0o100755 },
      { name: 'y', content: '' },
      { name: 'here', content: 'x', mode: 0o120777 },
    ]);
    expect((await lab.start(zip('modes.zip'), ['look'])).stdout).toBe("755 'x'\n644 'y'\n777 'here' -> 'x'");
  });

  test('can hold large and many files', async () => {
    const many = Array.from({ length: 500 }, (_, i) => ({ name: `many/${i}`, content: String(i) }));
    const count = '#!/bin/sh\nls many | wc -l; wc -c < big';
    await lab.putZip('many.zip', [
      ...many,
      { name: 'big', content: 'x'.repeat(20_000_000) },
      { name: 'count', content: count },
    ]);
    expect((await lab.start(zip('many.zip'), ['count'])).stdout).toBe('500\n20000000');
  });

  test.each([
    ['../evil', 'invalid relative path: ../evil'],
    ['a/../../evil', 'invalid relative path: a/../../evil'],
    ['/tmp/fetch-and-run-evil', 'absolute path: /tmp/fetch-and-run-evil'],
    ['a\\..\\..\\evil', 'invalid characters in fileName: a\\..\\..\\evil'],
  ])('with a member that points outside is refused as a whole: %s', async (name, message) => {
    await lab.putZip('slip.zip', [
      { name, content: 'evil' },
      { name: 'ok', content: '#!/bin/sh\necho ran' },
    ]);
    const { exitCode, stdout, stderr } = await lab.start(zip('slip.zip'), ['ok']);
    expect([exitCode, stdout]).toEqual([3, '']);
    expect(stderr).toBe(`fetch-and-run: s3://${BUCKET}/slip.zip: The zip cannot be unpacked: ${message}`);
    expect(existsSync('/tmp/fetch-and-run-evil')).toBe(false);
  });

  test.each(['/etc/passwd', '../../outside'])('with a link that points outside is refused: %s', async (target) => {
    const link = { name: 'd/link', content: target, mode: 0o120777 };
    await lab.putZip('link.zip', [link, { name: 'ok', content: '#!/bin/sh\necho ran' }]);
    const { exitCode, stdout, stderr } = await lab.start(zip('link.zip'), ['ok']);
    expect([exitCode, stdout]).toEqual([3, '']);
    expect(stderr).toContain(`the link d/link leads outside, to ${target}`);
  });

  test('cannot write through a link that it contains', async () => {
    const members = [
      { name: 'd', content: '.', mode: 0o120777 },
      { name: 'd/file', content: 'x' },
      { name: 'ok', content: '#!/bin/sh\necho ran' },
    ];
    await lab.putZip('through.zip', members);
    expect(await lab.start(zip('through.zip'), ['ok'])).toMatchObject({ exitCode: 3, stdout: '' });
  });

  test('that is damaged is refused', async () => {
    await lab.putZip('bad.zip', [{ name: 'ok', content: '#!/bin/sh\necho ran', stored: true }]);
    const path = join(lab.s3.folder, BUCKET, 'bad.zip');
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('echo')] = 'E'.charCodeAt(0);
    writeFileSync(path, bytes);
    const damaged = await lab.start(zip('bad.zip'), ['ok']);
    expect([damaged.exitCode, damaged.stdout]).toEqual([3, '']);
    lab.put('bad.zip', 'no zip at all');
    expect((await lab.start(zip('bad.zip'), ['ok'])).stderr).toMatch(/^fetch-and-run: .*The zip cannot be unpacked: /);
  });

  test.each([
    ['none', 127, 'There is no such program in what was fetched'],
    ['dir', 126, 'The program is no file'],
    ['../outside', 127, '"../outside" is outside of the zip'],
  ])('without the program %s exits with %i', async (program, code, message) => {
    await lab.putZip('some.zip', [{ name: 'dir/file', content: '' }]);
    const { exitCode, stderr } = await lab.start(zip('some.zip'), [program]);
    expect([exitCode, stderr.split(': ').at(-1)]).toEqual([code, message]);
  });
});

describe('verification', () => {
  test('the digest must match if one is given', async () => {
    lab.put('sum.sh', SHOW_ARGS);
    const good = await lab.start({ ...script('sum.sh'), BATCH_FILE_SHA256: sha256(SHOW_ARGS).toUpperCase() }, ['x']);
    expect([good.exitCode, good.stdout]).toEqual([0, '<x>']);
    const wrong = await lab.start({ ...script('sum.sh'), BATCH_FILE_SHA256: sha256('other') }, ['x']);
    expect([wrong.exitCode, wrong.stdout]).toEqual([3, '']);
    expect(wrong.stderr.split('\n')).toHaveLength(1);
    expect(wrong.stderr).toContain(`The content has checksum ${sha256(SHOW_ARGS)}, but ${sha256('other')} is expected`);
  });
});

describe('wrong requests explain the correct form', () => {
  test.each<[Record<string, string>, string[], string]>([
    [{}, [], 'BATCH_FILE_TYPE is not set ("script" or "zip")'],
    [{ BATCH_FILE_TYPE: 'tar' }, [], 'BATCH_FILE_TYPE is "tar", but must be "script" or "zip"'],
    [{ BATCH_FILE_TYPE: 'zip' }, [], 'BATCH_FILE_S3_URL is not set (s3://bucket/key)'],
    [
      { ...script(''), BATCH_FILE_S3_URL: 'https://b/k' },
      [],
      'BATCH_FILE_S3_URL is "https://b/k", but must be s3://bucket/key',
    ],
    [
      { ...script(''), BATCH_FILE_S3_URL: 's3://b/' },
      [],
      'BATCH_FILE_S3_URL is "s3://b/", but must be s3://bucket/key',
    ],
    [zip('x.zip'), [], 'A zip needs an argument: the program inside it'],
    [{ ...script('x'), BATCH_FILE_SHA256: 'abc' }, [], 'BATCH_FILE_SHA256 is "abc", but must be 64 hex digits'],
  ])('%j %j', async (env, args, message) => {
    const { exitCode, stderr, stdout } = await lab.start(env, args);
    expect([exitCode, stdout]).toEqual([2, '']);
    const [first, second] = stderr.split('\n');
    expect([first, second]).toEqual([`fetch-and-run: ${message}`, 'usage:']);
  });

  test('a missing object, a missing bucket, wrong keys', async () => {
    const object = await lab.start(script('none.sh'));
    expect([object.exitCode, object.stderr]).toEqual([
      3,
      `fetch-and-run: s3://${BUCKET}/none.sh: There is no such object`,
    ]);
    const bucket = await lab.start({ BATCH_FILE_TYPE: 'script', BATCH_FILE_S3_URL: 's3://no-such-bucket/x' });
    expect(bucket.exitCode).toBe(3);
    const keys = await lab.start({ ...script('none.sh'), AWS_SECRET_ACCESS_KEY: 'wrong' });
    expect(keys.exitCode).toBe(3);
    for (const { stderr } of [bucket, keys]) expect(stderr.split('\n')).toHaveLength(1);
  });
});

describe('S3 that fails for a while', () => {
  let proxy: FaultProxy;
  beforeAll(async () => {
    proxy = await startFaultProxy(lab.s3.port);
  });
  afterAll(() => proxy.stop());

  test.each<Fault>(['slow-down', 'lose-answer', 'cut-answer', 'damage-answer'])('is asked again: %s', async (fault) => {
    lab.put('again.sh', SHOW_ARGS);
    let faults = 2;
    proxy.decide(({ method }) => (method === 'GET' && faults-- > 0 ? fault : 'pass'));
    const env = { ...script('again.sh'), AWS_ENDPOINT_URL_S3: proxy.endpoint, BATCH_FILE_SHA256: sha256(SHOW_ARGS) };
    const { exitCode, stdout } = await lab.start(env, ['x']);
    if (fault === 'damage-answer') expect(exitCode).toBe(3);
    else expect([exitCode, stdout]).toEqual([0, '<x>']);
  });

  test('or holds another version by the time it is read: that one is fetched, once', async () => {
    // Written by a client, since a file placed directly has no ETag.
    const s3 = new S3Client({ endpoint: lab.s3.endpoint, forcePathStyle: true });
    const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
    const env = { ...script('replaced.sh'), AWS_ENDPOINT_URL_S3: proxy.endpoint };
    for (const [replaced, code] of [
      [1, 0],
      [2, 3],
    ] as const) {
      await put('replaced.sh', `${SHOW_ARGS}# 0`);
      await put('next-1.sh', `${SHOW_ARGS}# 1`);
      await put('next-2.sh', `${SHOW_ARGS}# 2`);
      let gets = 0;
      proxy.decide(({ method }) => {
        const inBucket = (key: string) => join(lab.s3.folder, BUCKET, key);
        if (method === 'GET' && ++gets <= replaced) renameSync(inBucket(`next-${gets}.sh`), inBucket('replaced.sh'));
        return 'pass';
      });
      const { exitCode, stdout } = await lab.start(env, ['x']);
      expect([exitCode, stdout]).toEqual([code, code === 0 ? '<x>' : '']);
    }
  });

  test('and keeps failing: ends with the exit code for another attempt', async () => {
    proxy.decide(() => 'slow-down');
    const env = { ...script('again.sh'), AWS_ENDPOINT_URL_S3: proxy.endpoint, AWS_MAX_ATTEMPTS: '2' };
    const { exitCode, stderr } = await lab.start(env);
    expect([exitCode, stderr.split('\n').length]).toEqual([75, 1]);
    const down = await lab.start({ ...script('x'), AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1', AWS_MAX_ATTEMPTS: '2' });
    expect(down.exitCode).toBe(75);
    expect(down.stderr).toContain('The server of the bucket does not answer');
  });

  test('is not waited for once a stop was requested', async () => {
    proxy.decide(() => 'hold');
    const run = lab.start({ ...script('again.sh'), AWS_ENDPOINT_URL_S3: proxy.endpoint });
    await expect.poll(() => proxy.seen.at(-1)?.fault, { timeout: 30_000 }).toBe('hold');
    run.kill('SIGTERM');
    expect(await run).toMatchObject({ exitCode: 143, stderr: '' });
  });
});

describe('signals', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)(
    '%s reaches the program',
    async (signal) => {
      const name = signal.slice(3);
      lab.put('trap.sh', `#!/bin/bash\ntrap 'echo got ${name}; exit 9' ${name}\necho up\nwhile :; do sleep 0.05; done`);
      const run = lab.start(script('trap.sh'));
      run.stdout.once('data', () => run.kill(signal));
      expect(await run).toMatchObject({ stdout: `up\ngot ${name}`, exitCode: 9 });
    },
  );

  test('a program that does not handle SIGTERM ends with 143', async () => {
    lab.put('sleep.sh', '#!/bin/sh\necho up\nexec sleep 60');
    const run = lab.start(script('sleep.sh'));
    run.stdout.once('data', () => run.kill('SIGTERM'));
    expect((await run).exitCode).toBe(143);
  });
});
