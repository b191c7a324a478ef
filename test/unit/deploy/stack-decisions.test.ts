import { describe, expect, test } from 'vitest';
import { bucketWishes, checkKey, chooseNetwork } from '../../../src/deploy/stack/choices.ts';
import type { Subnet } from '../../../src/deploy/stack/network-api.ts';
import { STACK_PARAMETERS, stackParameters } from '../../../src/deploy/stack/stack-template.ts';
import { isAsAsked, stackState } from '../../../src/deploy/stack/stack-state.ts';
import { stackTemplate } from '../../../src/deploy/stack/stack-template.ts';
import { changesText, stackEventText } from '../../../src/views/deploy-text.ts';

test.for([
  [undefined, 'create'],
  ['REVIEW_IN_PROGRESS', 'create'],
  ['CREATE_IN_PROGRESS', 'wait'],
  ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'wait'],
  ['UPDATE_ROLLBACK_IN_PROGRESS', 'wait'],
  ['CREATE_COMPLETE', 'update'],
  ['UPDATE_ROLLBACK_COMPLETE', 'update'],
  ['IMPORT_COMPLETE', 'update'],
  ['ROLLBACK_COMPLETE', 'clear-away'],
  ['ROLLBACK_FAILED', 'clear-away'],
  ['CREATE_FAILED', 'clear-away'],
  ['DELETE_FAILED', 'stuck'],
  ['UPDATE_ROLLBACK_FAILED', 'stuck'],
] as const)('a stack in %s: %s', ([status, state]) => {
  expect(stackState(status)).toBe(state);
});

test('a rollback is a failure', () => {
  expect(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'DELETE_COMPLETE'].map(isAsAsked)).toEqual([true, true, true]);
  expect(['ROLLBACK_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE', 'DELETE_FAILED'].some(isAsAsked)).toBe(false);
});

describe('parameters of a change set', () => {
  test('are the given ones, else those of the stack, else the template’s defaults', () => {
    expect(stackParameters({ MaxVcpus: '8' }, { MaxVcpus: '4', DiskGiB: '100' })).toEqual({
      ...{ MaxVcpus: '8', DiskGiB: undefined },
    });
    expect(stackParameters({ MaxVcpus: '8' })).toEqual({ MaxVcpus: '8' });
  });

  test('keep the setting of a stack that has it under its earlier name', () => {
    expect(stackParameters({}, { FastqDays: '7' })).toEqual({ IntermediateDays: '7' });
    expect(stackParameters({ IntermediateDays: '9' }, { FastqDays: '7' })).toEqual({ IntermediateDays: '9' });
    const later = stackParameters({}, { FastqDays: '7', IntermediateDays: '9' });
    expect(later).toEqual({ IntermediateDays: undefined });
  });

  test('are those of the template', () => {
    const section = stackTemplate().split(/^Parameters:\n|^Conditions:\n/m)[1] ?? '';
    const names = [...section.matchAll(/^ {2}(\w+):$/gm)].map(([, name]) => name);
    expect(new Set(names)).toEqual(new Set(STACK_PARAMETERS));
  });
});

test('the template is small enough to be sent with a request', () => {
  // docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
  expect(Buffer.byteLength(stackTemplate())).toBeLessThan(51_200);
});

describe('the bucket', () => {
  const standard = 'stack-123-here';
  const choose = (more: Partial<Parameters<typeof bucketWishes>[0]>, there: string[] = []) =>
    bucketWishes({
      ...{ request: {}, standard, before: undefined, exists: async (name) => there.includes(name), ...more },
    });
  const request = { store: 's3://mine/rna' };

  test('is created under its own name, or found', async () => {
    expect(await choose({})).toEqual({ BucketName: standard, MakeBucket: 'yes', Prefix: '' });
    expect(await choose({}, [standard])).toEqual({ BucketName: standard, MakeBucket: 'no', Prefix: '' });
  });

  test('is the named one, created if missing', async () => {
    expect(await choose({ request })).toEqual({ BucketName: 'mine', MakeBucket: 'yes', Prefix: 'rna/' });
    expect(await choose({ request }, ['mine'])).toEqual({ BucketName: 'mine', MakeBucket: 'no', Prefix: 'rna/' });
    await expect(choose({ request: { bucket: 'mine' } })).rejects.toThrow('There is no bucket "mine"');
  });

  test('of a stack remains the stack’s', async () => {
    expect(await choose({ before: { BucketName: 'mine' } }, ['mine'])).toEqual({});
    expect(await choose({ before: { BucketName: 'mine' }, request }, ['mine'])).toEqual({ Prefix: 'rna/' });
  });
});

test('a stack keeps its key: a first one may be given, another may not', () => {
  const given = (before: string | undefined, wanted: string | undefined) => () => checkKey(before, wanted);
  expect(given('one', 'two')).toThrow(/encrypted with one: they could not be read with another key/);
  expect(given('one', '')).toThrow(/encrypted with one: they could not be read without it/);
  for (const [before, wanted] of [
    ['one', 'one'],
    ['one', undefined],
    ['', 'two'],
    ['', ''],
    [undefined, 'two'],
  ] as const)
    expect(given(before, wanted)).not.toThrow();
});

test('subnets of several networks, and no network at all, are refused', async () => {
  const api = (subnets: Subnet[]) => ({ subnets: async () => subnets, defaultSubnets: async () => subnets });
  const subnet = (id: string, vpc: string) => ({ id, vpc });
  expect(await chooseNetwork(api([subnet('a', 'v'), subnet('b', 'v')]), undefined)).toEqual({
    ...{ VpcId: 'v', SubnetIds: 'a,b' },
  });
  await expect(chooseNetwork(api([subnet('a', 'v'), subnet('b', 'w')]), ['a', 'b'])).rejects.toThrow(
    'several networks',
  );
  await expect(chooseNetwork(api([]), undefined)).rejects.toThrow('no default network');
});

test('changes and progress as text', () => {
  expect(
    changesText('lab', [
      { action: 'add', resource: 'Queue', type: 'AWS::Batch::JobQueue' },
      { action: 'replace', resource: 'Spot', type: 'AWS::Batch::ComputeEnvironment' },
    ]),
  ).toMatchInlineSnapshot(`
    "+ add      Queue  AWS::Batch::JobQueue
    ! replace  Spot   AWS::Batch::ComputeEnvironment
    2 changes to stack lab; nothing has been changed yet.
    1 resource would be replaced, or may have to be."
  `);
  const event = { id: '1', resource: 'Queue', type: 'AWS::Batch::JobQueue', status: 'CREATE_FAILED', reason: 'no' };
  expect(stackEventText(event)).toBe('CREATE_FAILED  Queue (AWS::Batch::JobQueue): no');
});
