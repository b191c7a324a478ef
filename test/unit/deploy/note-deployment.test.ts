import { describe, expect, test } from 'vitest';
import { type Deployment, imagesOf } from '../../../src/ledger/deployment.ts';
import { nextDeployment } from '../../../src/deploy/note-deployment.ts';

const HERE = '1.dkr.ecr.us-east-1.amazonaws.com/lab';
const before: Deployment = {
  ...{ version: 1, region: 'us-east-1', stack: 'old', queue: 'old', jobRoleArn: 'old', conductorRoleArn: 'old' },
  ...{ hostFolder: '/cache', kmsKeyArn: 'key' },
  images: {
    base: `${HERE}/base@sha256:1`,
    elsewhere: '1.dkr.ecr.eu-west-1.amazonaws.com/lab/base@sha256:2',
    other: '1.dkr.ecr.us-east-1.amazonaws.com/other/base@sha256:3',
  },
};

describe('the deployment document of the store', () => {
  test('with a stack: its outputs, and images that its instances can pull', () => {
    const made = { region: 'us-east-1', parts: { stack: 'lab', queue: 'lab' }, repositories: [`${HERE}/base`] };
    expect(nextDeployment(before, made)).toEqual({
      deployed: {
        ...{ version: 1, region: 'us-east-1', stack: 'lab', queue: 'lab' },
        images: { base: `${HERE}/base@sha256:1` },
      },
      dropped: [before.images['elsewhere'], before.images['other']],
    });
  });

  test('without a stack: the given parts, and everything known before', () => {
    const given = { region: 'us-east-1', parts: { queue: 'mine', jobRoleArn: 'mine' }, repositories: undefined };
    expect(nextDeployment(before, given)).toEqual({
      deployed: { ...before, queue: 'mine', jobRoleArn: 'mine' },
      dropped: [],
    });
    const { deployed } = nextDeployment(before, { ...given, parts: { kmsKeyArn: undefined } });
    expect(deployed.kmsKeyArn).toBeUndefined();
    expect(nextDeployment(undefined, given).deployed).toEqual({
      ...{ version: 1, region: 'us-east-1', images: {}, queue: 'mine', jobRoleArn: 'mine' },
    });
  });
});

test('pipelines with images of one name have an entry each; one of an earlier version is for every pipeline', () => {
  const images = { tool: 'old/tool', base: 'old/base', 'one/tool': 'one/tool@1', 'two/tool': 'two/tool@2' };
  expect(imagesOf(images, 'one')).toEqual({ tool: 'one/tool@1', base: 'old/base' });
  expect(imagesOf(images, 'two')).toEqual({ tool: 'two/tool@2', base: 'old/base' });
  expect(imagesOf(images, 'three')).toEqual({ tool: 'old/tool', base: 'old/base' });
});
