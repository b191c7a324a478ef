import { chmodSync, cpSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { contentTag, isOfContent, tagText } from '../../../src/deploy/images/content-tag.ts';
import { contextFiles } from '../../../src/deploy/images/context-files.ts';
import { workFolder } from '../../fixtures/work-folder.ts';

/** A context with these files, written in this order. */
function context(files: Readonly<Record<string, string>>): string {
  const folder = workFolder(files);
  for (const path of Object.keys(files)) chmodSync(join(folder, path), 0o644);
  return folder;
}

async function tagOf(folder: string, buildArgs: Record<string, string> = {}): Promise<string> {
  return tagText(contentTag({ files: await contextFiles(folder), buildArgs }));
}

const FILES = { Dockerfile: 'FROM scratch\nCOPY . /\n', 'lib/a.txt': 'a', 'lib/b.txt': 'b' };

describe('the tag of an image', () => {
  test('is the same in another folder, at another time, in another order, for another umask', async () => {
    const one = context(FILES);
    const other = context(Object.fromEntries(Object.entries(FILES).toReversed()));
    utimesSync(join(other, 'lib/a.txt'), 1, 1);
    chmodSync(join(other, 'lib/a.txt'), 0o664);
    chmodSync(join(other, 'lib'), 0o775);
    expect(await tagOf(other)).toBe(await tagOf(one));
    expect(await tagOf(one)).toMatch(/^[0-9a-f]{20}$/);
  });

  test.for<[string, (folder: string) => void]>([
    ['a byte', (folder) => writeFileSync(join(folder, 'lib/a.txt'), 'A')],
    ['the Dockerfile', (folder) => writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\n')],
    ['a mode', (folder) => chmodSync(join(folder, 'lib/a.txt'), 0o755)],
    ['who may read', (folder) => chmodSync(join(folder, 'lib/a.txt'), 0o600)],
    ['a name', (folder) => cpSync(join(folder, 'lib/a.txt'), join(folder, 'lib/c.txt'))],
    ['an empty folder', (folder) => mkdirSync(join(folder, 'lib/empty'))],
    ['a file less', (folder) => rmSync(join(folder, 'lib/b.txt'))],
    [
      'a file and a link to the same bytes',
      (folder) => {
        rmSync(join(folder, 'lib/b.txt'));
        symlinkSync('a.txt', join(folder, 'lib/b.txt'));
      },
    ],
  ])('changes with: %s', async ([, change]) => {
    const folder = context(FILES);
    const before = await tagOf(folder);
    change(folder);
    expect(await tagOf(folder)).not.toBe(before);
  });

  test('changes with build arguments, whatever their order, and begins the same', async () => {
    const folder = context(FILES);
    const tag = await tagOf(folder, { A: '1', B: '2' });
    expect(await tagOf(folder, { B: '2', A: '1' })).toBe(tag);
    expect(await tagOf(folder, { A: '2', B: '1' })).not.toBe(tag);
    const content = contentTag({ files: await contextFiles(folder), buildArgs: {} });
    expect(tag).toMatch(new RegExp(`^${content.content}-[0-9a-f]{10}$`));
    expect([isOfContent(tag, content), isOfContent(tagText(content), content), isOfContent('other', content)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('changes with the parent', async () => {
    const files = await contextFiles(context(FILES));
    const of = (parent: { content: string; args: string }) => tagText(contentTag({ files, buildArgs: {}, parent }));
    const plain = of({ content: 'a', args: '' });
    expect(of({ content: 'b', args: '' })).not.toBe(plain);
    expect(of({ content: 'a', args: 'x' })).toMatch(new RegExp(`^${plain}-`));
  });

  test('does not depend on what .dockerignore excludes, but always on the Dockerfile', async () => {
    const rules = '# only lib\n*\n!lib\nlib/**/*.log\n';
    const folder = context({ ...FILES, '.dockerignore': rules, 'notes.txt': '1', 'lib/deep/x.log': '1' });
    const before = await tagOf(folder);
    writeFileSync(join(folder, 'notes.txt'), '2');
    writeFileSync(join(folder, 'lib/deep/x.log'), '2');
    expect(await tagOf(folder)).toBe(before);
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\n');
    expect(await tagOf(folder)).not.toBe(before);
    const seen = (await contextFiles(folder)).map(({ path }) => path);
    expect(seen).toEqual(['Dockerfile', 'lib', 'lib/a.txt', 'lib/b.txt', 'lib/deep']);
  });
});
