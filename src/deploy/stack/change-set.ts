import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode, PipelineError } from '../../errors.ts';
import type { CloudFormationApi, StackChange, StackFacts } from './cloudformation-api.ts';
import type { Following } from './follow-stack.ts';
import { stackParameters, type StackWishes } from './stack-template.ts';
import { stackState } from './stack-state.ts';
import { stackTemplate } from './stack-template.ts';

/** A change set that can be executed. */
export interface ReadyChangeSet {
  name: string;
  changes: StackChange[];
}

/** CloudFormation's message if nothing would change; it has no code for it. */
const NOTHING = /didn't contain changes|no updates are to be performed/i;

/**
 * Makes a change set and waits until CloudFormation has worked it out.
 * @param before the stack that is there, if there is one
 * @returns `undefined` if nothing would change; then no change set is left
 */
export async function makeChangeSet(
  api: CloudFormationApi,
  { stack, wishes, before }: { stack: string; wishes: StackWishes; before: StackFacts | undefined },
  { pollMs, signal }: Following,
): Promise<ReadyChangeSet | undefined> {
  const name = `batch-pipeline-${randomUUID()}`;
  const creates = stackState(before?.status) === 'create';
  await api.makeChangeSet({
    ...{ stack, changeSet: name, creates, template: stackTemplate() },
    parameters: stackParameters(wishes, creates ? {} : before?.parameters),
    // Passed on to what is in the stack, so that its cost can be attributed.
    tags: { 'batch-pipeline': stack },
  });
  for (;;) {
    const { status, reason, changes } = await api.changeSet(stack, name);
    if (status === 'CREATE_COMPLETE') return { name, changes };
    if (status === 'FAILED') {
      await api.removeChangeSet(stack, name);
      if (NOTHING.test(reason)) return undefined;
      throw refused(stack, reason);
    }
    await sleep(pollMs, undefined, { signal }).catch(async (error: unknown) => {
      await api.removeChangeSet(stack, name);
      throw error;
    });
  }
}

function refused(stack: string, reason: string): PipelineError {
  return new PipelineError({
    code: 'stack-refused',
    message: `CloudFormation refuses the change: ${reason}`,
    where: `stack ${stack}`,
    exitCode: ExitCode.environment,
  });
}
