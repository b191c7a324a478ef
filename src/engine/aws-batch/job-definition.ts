import { VARIABLES } from '../../record/protocol.ts';
import { hash } from 'node:crypto';
import type { DefinitionContent } from './batch-types.ts';
import { BATCH_LIMITS } from './limits.ts';
import { given } from '../../given.ts';

/** Roles, image and settings of a step's containers: everything common to all runs. */
export interface DefinitionFacts {
  image: string;
  jobRoleArn: string | undefined;
  /** Needed only if the instances' own role may not pull the image. */
  executionRoleArn: string | undefined;
  /** Must exist, unlike Batch's own. */
  logGroup: string | undefined;
  /** Folder of the host that all containers of an instance share, and where they see it. */
  hostFolder: { hostPath: string; containerPath: string } | undefined;
}

/** The program in the zip that Fetch & Run fetches. */
export const RUNNER_COMMAND = ['runner.mjs'] as const;

/** Prefix of the names of all our job definitions. */
const DEFINITION_PREFIX = 'batch-pipeline-';

/** Digits of the content's hash in the name. */
const HASH_LENGTH = 16;

/**
 * The content of a step's job definition. It contains nothing of a run: samples, store, cpus, memory, time and attempts
 * are set per job, so that a thousand runs need one registration.
 */
export function definitionContent(facts: DefinitionFacts): DefinitionContent {
  const { image, jobRoleArn, executionRoleArn, logGroup, hostFolder } = facts;
  const volume = 'shared';
  return {
    type: 'container',
    platformCapabilities: ['EC2'],
    containerProperties: {
      image,
      command: [...RUNNER_COMMAND],
      ...given({ jobRoleArn, executionRoleArn }),
      // Batch requires values; every job overrides them.
      resourceRequirements: [
        { type: 'VCPU', value: '1' },
        { type: 'MEMORY', value: '512' },
      ],
      environment: hostFolder ? [{ name: VARIABLES.cache, value: hostFolder.containerPath }] : [],
      volumes: hostFolder ? [{ name: volume, host: { sourcePath: hostFolder.hostPath } }] : [],
      mountPoints: hostFolder
        ? [{ sourceVolume: volume, containerPath: hostFolder.containerPath, readOnly: false }]
        : [],
      logConfiguration: {
        logDriver: 'awslogs',
        options: {
          ...given({ 'awslogs-group': logGroup }),
          'awslogs-stream-prefix': 'batch-pipeline',
        },
      },
    },
  };
}

/** The name is derived from the content: the same content is found again, and different content never replaces it. */
export function definitionName(step: string, content: DefinitionContent): string {
  return `${DEFINITION_PREFIX}${step}-${hash('sha256', JSON.stringify(content)).slice(0, HASH_LENGTH)}`;
}

/** True for the name of a job definition that this engine has created. */
export function isOurDefinition(name: string): boolean {
  return /^batch-pipeline-.+-[0-9a-f]{16}$/.test(name);
}

/** True if it is small enough to register. */
export function isRegistrable(content: DefinitionContent): boolean {
  return Buffer.byteLength(JSON.stringify(content)) < BATCH_LIMITS.maxDefinitionBytes;
}
