import { ExitCode, PipelineError } from '../../errors.ts';
import { makeChangeSet } from './change-set.ts';
import type { CloudFormationApi, StackChange, StackFacts } from './cloudformation-api.ts';
import { type Following, followStack } from './follow-stack.ts';
import type { StackWishes } from './stack-template.ts';
import { stackState } from './stack-state.ts';

export interface StackRequest {
  stack: string;
  wishes: StackWishes;
}

/**
 * Creates the stack, or changes what is not as wished for; nothing to change is a success.
 * @throws PipelineError `stack-failed`, `stack-refused`, `stack-stuck`
 */
export async function applyStack(
  api: CloudFormationApi,
  { stack, wishes }: StackRequest,
  following: Following,
): Promise<{ stack: StackFacts; changed: boolean }> {
  const before = await usableStack(api, stack, following);
  const changeSet = await makeChangeSet(api, { stack, wishes, before }, following);
  if (!changeSet) return { stack: before as StackFacts, changed: false };
  // The stack of a new change set is there by now, and has events already.
  const { id } = (await api.stack(stack)) as StackFacts;
  const last = (await api.events(id, undefined)).at(-1)?.id;
  await api.executeChangeSet(stack, changeSet.name);
  return { stack: await followStack(api, id, last, following), changed: true };
}

/** What `applyStack` would change. Nothing is executed, and no change set is left. */
export async function planStack(
  api: CloudFormationApi,
  { stack, wishes }: StackRequest,
  following: Following,
): Promise<StackChange[]> {
  const there = await api.stack(stack);
  const state = stackState(there?.status);
  if (there && state !== 'create' && state !== 'update') throw notAtRest(there);
  const changeSet = await makeChangeSet(api, { stack, wishes, before: there }, following);
  if (!changeSet) return [];
  await api.removeChangeSet(stack, changeSet.name);
  if (!there) await removeEmpty(api, stack);
  return changeSet.changes;
}

/** A change set that would create a stack leaves an empty one. Somebody else may have begun to fill it. */
async function removeEmpty(api: CloudFormationApi, name: string): Promise<void> {
  const left = await api.stack(name);
  if (left?.status === 'REVIEW_IN_PROGRESS') await api.removeStack(left.id);
}

/** The stack, once nothing is under way and nothing is left of a creation that failed. */
async function usableStack(
  api: CloudFormationApi,
  name: string,
  following: Following,
): Promise<StackFacts | undefined> {
  for (;;) {
    const stack = await api.stack(name);
    const state = stackState(stack?.status);
    if (!stack || state === 'create' || state === 'update') return stack;
    if (state === 'stuck') throw stuck(stack);
    const last = (await api.events(stack.id, undefined)).at(-1)?.id;
    if (state === 'clear-away') await api.removeStack(stack.id);
    // What another process began may fail: its result is looked at again.
    await followStack(api, stack.id, last, following).catch((error: unknown) => {
      following.signal?.throwIfAborted();
      if (state === 'clear-away') throw error;
    });
  }
}

function notAtRest({ name, status }: StackFacts): PipelineError {
  return new PipelineError({
    code: 'stack-busy',
    message: `The stack is in ${status}, in which nothing can be planned`,
    where: `stack ${name}`,
    hint: '"batch-pipeline deploy" waits for what is in progress, and removes what failed.',
    exitCode: ExitCode.environment,
  });
}

function stuck({ name, status }: StackFacts): PipelineError {
  const deleting = status === 'DELETE_FAILED';
  return new PipelineError({
    code: 'stack-stuck',
    message: `The stack is in ${status}: ${deleting ? 'its deletion was started but not finished' : 'a rollback was not finished'}`,
    where: `stack ${name}`,
    hint: deleting
      ? `Finish it, then deploy again: batch-pipeline destroy --stack-name ${name}`
      : `aws cloudformation continue-update-rollback --stack-name ${name}`,
    exitCode: ExitCode.environment,
  });
}

/**
 * Deletes a stack, and waits for the end; `false` if there is none. The template retains what holds data.
 * @throws PipelineError `stack-failed`
 */
export async function destroyStack(api: CloudFormationApi, name: string, following: Following): Promise<boolean> {
  const there = await api.stack(name);
  if (!there) return false;
  const last = (await api.events(there.id, undefined)).at(-1)?.id;
  // One that is being deleted is only followed.
  if (there.status !== 'DELETE_IN_PROGRESS') await api.removeStack(there.id);
  // An empty stack that no change set ever filled is deleted without an event.
  if (stackState(there.status) !== 'create') await followStack(api, there.id, last, following);
  return true;
}
