import { describe, expect, test } from 'vitest';
import type { Edit } from './step-code/edit.ts';
import { NO_CODE, SAME_FILE } from './step-code/edits-of-a-file.ts';
import { FILES } from './step-code/edits-of-files.ts';
import { EFFECTS } from './step-code/edits-of-loading.ts';
import { MADE } from './step-code/edits-of-made-steps.ts';
import { MODULES, PACKAGES } from './step-code/edits-of-modules.ts';
import { changedSteps, tellCodes } from './step-code/pipeline-folders.ts';

describe.each<[string, Edit[]]>([
  ['in one file', SAME_FILE],
  ['that is no change of code', NO_CODE],
  ['in modules', MODULES],
  ['of packages', PACKAGES],
  ['of files beside the pipeline', FILES],
  ['of what modules do when they are loaded', EFFECTS],
  ['of steps that code makes', MADE],
])('an edit %s', (_, edits) => {
  test('reruns the steps that reach it, and no other', () => {
    const told = tellCodes(edits.flatMap(({ before, after }) => [before, after]));
    const found = edits.map(({ edit }, i) => {
      const [before, after] = [told[2 * i] ?? {}, told[2 * i + 1] ?? {}];
      return [edit, before.errors ?? after.errors ?? changedSteps(before, after)];
    });
    expect(found).toEqual(edits.map(({ edit, reruns }) => [edit, reruns]));
  });
});
