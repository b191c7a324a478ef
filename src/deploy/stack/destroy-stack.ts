import type { CloudFormationApi } from './cloudformation-api.ts';
import { type Following, followStack } from './follow-stack.ts';
import { stackState } from './stack-state.ts';

/**
 * Deletes a stack, and waits until it is gone; `false` if there is none. What holds data stays where it is: the template
 * says so.
 * @throws PipelineError `stack-failed`
 */
export async function destroyStack(api: CloudFormationApi, name: string, following: Following): Promise<boolean> {
  const there = await api.stack(name);
  if (!there) return false;
  const last = (await api.events(there.id, undefined)).at(-1)?.id;
  // One that is being deleted is only followed.
  if (there.status !== 'DELETE_IN_PROGRESS') await api.removeStack(there.id);
  // An empty stack that no change set ever filled is gone without an event.
  if (stackState(there.status) !== 'create') await followStack(api, there.id, last, following);
  return true;
}
