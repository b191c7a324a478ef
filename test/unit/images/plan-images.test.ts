import { describe, expect, test } from 'vitest';
import { imageKind } from '../../../src/pipeline/image-kind.ts';
import { type PipelineImages, planImages } from '../../../src/deploy/images/plan-images.ts';
import { tagText } from '../../../src/deploy/images/content-tag.ts';
import { loadPipeline } from '../../../src/pipeline/load-pipeline.ts';
import { definePipeline, defineSamples, defineStep } from '../../../src/index.ts';
import { addFiles, workFolder } from '../../fixtures/work-folder.ts';

/** A pipeline file's folder with these Dockerfiles, and a step for each of these images. */
function own(dockerfiles: Readonly<Record<string, string>>, images: readonly string[]): PipelineImages {
  const home = workFolder();
  for (const [folder, text] of Object.entries(dockerfiles)) addFiles(home, { [`${folder}/Dockerfile`]: text });
  const samples = defineSamples({ txt: { file: 'Any' } });
  const resources = { cpus: 1, memory: '1 MB', scratch: '1 MB', time: '1m' } as const;
  const common = { description: 'A step', inputs: { text: samples.txt }, outputs: { text: 'x' }, resources };
  const steps = images.map((image, i) => defineStep({ ...common, name: `s${i}`, image, run: async () => undefined }));
  return {
    pipeline: definePipeline({ name: 'own', description: 'Own', samples, steps }),
    source: `${home}/pipeline.ts`,
  };
}

const CHILD = 'ARG BASE_IMAGE=batch-pipeline/base\nFROM ${BASE_IMAGE}\n';

describe('the images of a pipeline', () => {
  test('are those of fusion, the parent first', async () => {
    const plans = await planImages([await loadPipeline('fusion')]);
    expect(plans.map(({ name, parent }) => [name, parent?.name])).toEqual([
      ['base', undefined],
      ['kallisto', 'base'],
      ['picard', 'base'],
      ['pizzly', 'base'],
    ]);
    expect(plans.map(({ local, name, tag }) => local === `localhost/batch-pipeline/${name}:${tagText(tag)}`)).toEqual(
      plans.map(() => true),
    );
  });

  test('are folders beside the file and those of this package; URIs are left alone', async () => {
    const images = ['./images/mine', 'tools/yours', 'images/kallisto', 'quay.io/lab/tool:1', './images/mine'];
    const loaded = own({ 'images/mine': CHILD, 'tools/yours': 'FROM scratch\n' }, images);
    const plans = await planImages([loaded, await loadPipeline('fusion')]);
    expect(plans.map(({ name, parent }) => [name, parent?.name])).toEqual([
      ['base', undefined],
      ['kallisto', 'base'],
      ['mine', 'base'],
      ['picard', 'base'],
      ['pizzly', 'base'],
      ['yours', undefined],
    ]);
    // The parent of an image is built for it, and is no image of the pipeline.
    expect((await planImages([loaded])).map(({ name }) => name)).toEqual(['kallisto', 'mine', 'yours']);
  });

  test.for([
    ['./images/mine', 'folder'],
    ['images/tool.v2', 'folder'],
    ['/opt/images/tool', 'folder'],
    ['quay.io/lab/tool', 'uri'],
    ['quay.io/lab/tool:1', 'uri'],
    ['ubuntu:22.04', 'uri'],
    ['lab/tool@sha256:0', 'uri'],
  ])('%s is a %s', ([image, kind]) => {
    expect(imageKind(image as string)).toBe(kind);
  });

  test('get the build arguments that they or their parents declare', async () => {
    const fusion = await loadPipeline('fusion');
    const plain = await planImages([fusion]);
    const child = await planImages([fusion], { KALLISTO_VERSION: '0.48' });
    expect(changed(plain, child)).toEqual(['kallisto']);
    expect(changed(plain, await planImages([fusion], { NODE_IMAGE: 'node:24' }))).toEqual(
      plain.map(({ name }) => name),
    );
    expect(child.map(({ buildArgs }) => buildArgs)).toEqual([{}, { KALLISTO_VERSION: '0.48' }, {}, {}]);
  });

  test.for<[string, Record<string, string>, string[], Record<string, string>, string]>([
    ['a folder that is not there', {}, ['./images/gone'], {}, 'image-folder'],
    ['a name that is neither folder nor URI', {}, ['lab/tool'], {}, 'image-folder'],
    ['two folders of one name', { 'a/x': CHILD, 'b/x': CHILD }, ['./a/x', './b/x'], {}, 'image-names'],
    ['the name of an image of this package', { 'images/picard': CHILD }, ['./images/picard'], {}, 'image-name'],
    ['a name that ECR does not take', { 'images/Mine': CHILD }, ['./images/Mine'], {}, 'image-name'],
    ['our parent by name', { x: 'FROM batch-pipeline/base\n' }, ['./x'], {}, 'dockerfile-parent'],
    ['a build argument of no Dockerfile', { x: CHILD }, ['./x'], { WHAT: '1' }, 'build-arg'],
    ['another parent by build argument', { x: CHILD }, ['./x'], { BASE_IMAGE: 'other' }, 'build-arg'],
  ])('refused: %s', async ([, dockerfiles, images, buildArgs, code]) => {
    await expect(planImages([own(dockerfiles, images)], buildArgs)).rejects.toMatchObject({ code, exitCode: 2 });
  });
});

/** Names of images whose tag differs. */
function changed(before: Awaited<ReturnType<typeof planImages>>, after: typeof before): string[] {
  return after.filter(({ tag }, i) => tagText(tag) !== tagText(before[i]!.tag)).map(({ name }) => name);
}
