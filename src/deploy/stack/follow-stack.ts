import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode, PipelineError } from '../../errors.ts';
import type { CloudFormationApi, StackEvent, StackFacts } from './cloudformation-api.ts';
import { isAsAsked, stackState } from './stack-state.ts';

const STACK_TYPE = 'AWS::CloudFormation::Stack';

/** How a stack is followed: its events, how often it is polled, and until when. */
export interface Following {
  onEvent: (event: StackEvent) => void;
  pollMs: number;
  /** Ends the waiting; CloudFormation goes on with what it has begun. */
  signal?: AbortSignal;
}

/**
 * Waits until nothing is under way in a stack, telling its events since `after`.
 * @throws PipelineError `stack-failed`, with the first resource that failed and why, where it is not as it was asked for
 */
export async function followStack(
  api: CloudFormationApi,
  stackId: string,
  after: string | undefined,
  { onEvent, pollMs, signal }: Following,
): Promise<StackFacts> {
  const failed: StackEvent[] = [];
  let last = after;
  for (;;) {
    // Asked before its events, so that none of those that led to this state is missed.
    const stack = await api.stack(stackId);
    for (const event of await api.events(stackId, last)) {
      onEvent(event);
      last = event.id;
      if (event.status.endsWith('_FAILED')) failed.push(event);
    }
    if (stack && stackState(stack.status) !== 'wait') {
      if (isAsAsked(stack.status)) return stack;
      throw stackFailed(stack, failed);
    }
    await sleep(pollMs, undefined, { signal });
  }
}

function stackFailed({ name, status }: StackFacts, failed: readonly StackEvent[]): PipelineError {
  // Others are cancelled because of the first, and the stack itself reports only that something failed.
  const first =
    failed.find(({ reason, type }) => type !== STACK_TYPE && !/cancelled/i.test(reason ?? '')) ?? failed.at(0);
  const cause = first ? `${first.resource} (${first.type}): ${first.reason ?? first.status}` : status;
  return new PipelineError({
    code: 'stack-failed',
    message: `CloudFormation failed, and left the stack in ${status}: ${cause}`,
    where: `stack ${name}`,
    hint: status.startsWith('DELETE')
      ? 'Remove what holds it, and run the same command again.'
      : 'Fix that, and run the same command again: what is left of the failure is removed first.',
    exitCode: ExitCode.environment,
  });
}
