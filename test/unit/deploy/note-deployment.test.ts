import { describe, expect, test } from 'vitest';
import type { Deployment } from '../../../src/ledger/deployment.ts';
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
