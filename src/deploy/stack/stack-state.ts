/**
 * What can be done with a stack in this state:
 * - `create`: there is none, or only the empty one of a change set that was not executed;
 * - `update`: it is whole;
 * - `wait`: something is in progress;
 * - `clear-away`: its creation failed, and nothing is left of it but its name;
 * - `stuck`: it can only be deleted, or repaired by hand.
 *
 * docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
 */
export type StackState = 'create' | 'update' | 'wait' | 'clear-away' | 'stuck';

export function stackState(status: string | undefined): StackState {
  if (status === undefined || status === 'REVIEW_IN_PROGRESS' || status === 'DELETE_COMPLETE') return 'create';
  if (status.endsWith('_IN_PROGRESS')) return 'wait';
  if (status === 'ROLLBACK_COMPLETE' || status === 'ROLLBACK_FAILED' || status === 'CREATE_FAILED') return 'clear-away';
  return status.endsWith('_FAILED') ? 'stuck' : 'update';
}

/** True where what was asked for is there: not where it was rolled back. */
export function isAsAsked(status: string): boolean {
  return status === 'CREATE_COMPLETE' || status === 'UPDATE_COMPLETE' || status === 'DELETE_COMPLETE';
}
