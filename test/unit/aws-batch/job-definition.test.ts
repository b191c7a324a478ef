import { expect, test } from 'vitest';
import {
  definitionContent,
  type DefinitionFacts,
  definitionName,
  isOurDefinition,
  isRegistrable,
} from '../../../src/engine/aws-batch/job-definition.ts';

const FACTS: DefinitionFacts = {
  image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/picard@sha256:00',
  jobRoleArn: 'arn:aws:iam::123456789012:role/jobs',
  executionRoleArn: undefined,
  logGroup: '/batch-pipeline',
  hostFolder: { hostPath: '/var/lib/batch-pipeline', containerPath: '/var/cache/batch-pipeline' },
};

test('a definition contains what is common to all runs, and nothing of one run', () => {
  expect(definitionContent(FACTS)).toMatchInlineSnapshot(`
    {
      "containerProperties": {
        "command": [
          "runner.mjs",
        ],
        "environment": [
          {
            "name": "BATCH_PIPELINE_CACHE",
            "value": "/var/cache/batch-pipeline",
          },
        ],
        "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/picard@sha256:00",
        "jobRoleArn": "arn:aws:iam::123456789012:role/jobs",
        "logConfiguration": {
          "logDriver": "awslogs",
          "options": {
            "awslogs-group": "/batch-pipeline",
            "awslogs-stream-prefix": "batch-pipeline",
          },
        },
        "mountPoints": [
          {
            "containerPath": "/var/cache/batch-pipeline",
            "readOnly": false,
            "sourceVolume": "shared",
          },
        ],
        "resourceRequirements": [
          {
            "type": "VCPU",
            "value": "1",
          },
          {
            "type": "MEMORY",
            "value": "512",
          },
        ],
        "volumes": [
          {
            "host": {
              "sourcePath": "/var/lib/batch-pipeline",
            },
            "name": "shared",
          },
        ],
      },
      "platformCapabilities": [
        "EC2",
      ],
      "type": "container",
    }
  `);
});

test('a log group is named only if one is given: Batch creates its own', () => {
  const content = definitionContent({ ...FACTS, logGroup: undefined });
  expect(content.containerProperties.logConfiguration.options).toEqual({ 'awslogs-stream-prefix': 'batch-pipeline' });
});

test('the name follows from the content', () => {
  const name = (changed: Partial<DefinitionFacts> = {}, step = 'picard') =>
    definitionName(step, definitionContent({ ...FACTS, ...changed }));
  expect(name()).toMatch(/^batch-pipeline-picard-[0-9a-f]{16}$/);
  expect(name()).toBe(name());
  const others = [
    name({ image: 'other' }),
    name({ jobRoleArn: undefined }),
    name({ logGroup: '/x' }),
    name({}, 'kallisto'),
  ];
  expect(new Set([name(), ...others]).size).toBe(5);
  expect(name({}, 'a-step-with-a-name-of-32-letters').length).toBeLessThanOrEqual(128);
});

test('our definitions are recognised by their names', () => {
  const ours = definitionName('picard', definitionContent(FACTS));
  expect(
    [ours, 'picard', 'batch-pipeline-picard', 'my-batch-pipeline-picard-e5d8f5d6bb36ddfa'].map(isOurDefinition),
  ).toEqual([true, false, false, false]);
});

test('one that Batch would refuse is detected', () => {
  expect(isRegistrable(definitionContent(FACTS))).toBe(true);
  expect(isRegistrable(definitionContent({ ...FACTS, image: 'x'.repeat(25_000) }))).toBe(false);
});
