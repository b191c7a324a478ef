import { expect, test } from 'vitest';
import { imageOf } from '../../../src/engine/image-of.ts';

const PUSHED = { picard: 'ecr/picard@sha256:1', count: 'ecr/count@sha256:2' };

test.for<[string, string | undefined, Record<string, string>, string | undefined]>([
  ['a folder is what was pushed for it', 'images/picard', {}, 'ecr/picard@sha256:1'],
  ['a folder beside the pipeline, too', './tools/picard', {}, 'ecr/picard@sha256:1'],
  ['a folder that was not pushed is none', './images/mine', {}, undefined],
  ['a URI is taken as it is, whatever was pushed', 'quay.io/lab/picard', {}, 'quay.io/lab/picard'],
  ['nor does what was pushed stand for a step of its name', './images/mine', {}, undefined],
  ['a step without image has none', undefined, {}, undefined],
  ['a flag names it by step', 'quay.io/lab/tool:1', { count: 'x' }, 'x'],
  ['or by image', './images/mine', { './images/mine': 'x' }, 'x'],
  ['or by the last part of that', 'images/picard', { picard: 'x' }, 'x'],
])('%s', ([, image, named, expected]) => {
  expect(imageOf({ name: 'count', image }, named, PUSHED)).toBe(expected);
});
