import {
  type Change,
  CloudFormationClient,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  paginateDescribeStackEvents,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { messageOf } from '../../errors.ts';
import { type ApiOptions, ask as askAws, clientConfig } from '../../aws/client.ts';

/** A stack as CloudFormation describes it: docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html */
export interface StackFacts {
  /** ARN; unlike the name it also finds a stack that is deleted. */
  id: string;
  name: string;
  /** `CREATE_COMPLETE`, `ROLLBACK_IN_PROGRESS`… */
  status: string;
  parameters: Readonly<Record<string, string>>;
  outputs: Readonly<Record<string, string>>;
}

/** API_ResourceChange.html */
export interface StackChange {
  action: 'add' | 'modify' | 'replace' | 'remove';
  /** Its name in the template. */
  resource: string;
  type: string;
}

/** API_StackEvent.html */
export interface StackEvent {
  id: string;
  resource: string;
  type: string;
  status: string;
  reason: string | undefined;
}

export interface ChangeSetFacts {
  status: string;
  reason: string;
  changes: StackChange[];
}

export interface ChangeSetRequest {
  stack: string;
  changeSet: string;
  /** The stack does not exist yet. */
  creates: boolean;
  template: string;
  /** `undefined` keeps the value that the stack has. */
  parameters: Readonly<Record<string, string | undefined>>;
  tags: Readonly<Record<string, string>>;
}

/** What `deploy` and `destroy` ask of CloudFormation. */
export interface CloudFormationApi {
  /** Its region: as given, else what the SDK finds in the environment or the profile. */
  region(): Promise<string>;
  /** By name or id; `undefined` if there is none. */
  stack(nameOrId: string): Promise<StackFacts | undefined>;
  makeChangeSet(request: ChangeSetRequest): Promise<void>;
  changeSet(stack: string, name: string): Promise<ChangeSetFacts>;
  executeChangeSet(stack: string, name: string): Promise<void>;
  removeChangeSet(stack: string, name: string): Promise<void>;
  /** Events after the one with this id, the oldest first; all of them without one. */
  events(stackId: string, after: string | undefined): Promise<StackEvent[]>;
  removeStack(nameOrId: string): Promise<void>;
}

const PATIENCE_MS = 120_000;

/** CloudFormation through its SDK: the only file that imports it. */
export function openCloudFormationApi(options: ApiOptions): CloudFormationApi {
  const client = new CloudFormationClient(clientConfig({ patienceMs: PATIENCE_MS, ...options }));
  const ask = <T>(action: string, stack: string, call: () => Promise<T>) =>
    askAws(`cloudformation:${action}`, call, `stack ${stack}`);
  return {
    region: () => ask('DescribeStacks', 'in no region', () => client.config.region()),
    stack: (StackName) =>
      ask('DescribeStacks', StackName, async () => {
        try {
          const { Stacks: [found] = [] } = await client.send(new DescribeStacksCommand({ StackName }));
          return found && stackFacts(found);
        } catch (error) {
          // There is no other sign of it: the error is a ValidationError like many.
          if (/does not exist/.test(messageOf(error))) return undefined;
          throw error;
        }
      }),
    makeChangeSet: (request) =>
      ask('CreateChangeSet', request.stack, async () => {
        await client.send(new CreateChangeSetCommand(changeSetInput(request)));
      }),
    changeSet: (stack, name) => ask('DescribeChangeSet', stack, () => readChangeSet(client, stack, name)),
    executeChangeSet: (StackName, ChangeSetName) =>
      ask('ExecuteChangeSet', StackName, async () => {
        await client.send(new ExecuteChangeSetCommand({ StackName, ChangeSetName }));
      }),
    removeChangeSet: (StackName, ChangeSetName) =>
      ask('DeleteChangeSet', StackName, async () => {
        await client.send(new DeleteChangeSetCommand({ StackName, ChangeSetName }));
      }),
    events: (stack, after) => ask('DescribeStackEvents', stack, () => readEvents(client, stack, after)),
    removeStack: (StackName) =>
      ask('DeleteStack', StackName, async () => {
        await client.send(new DeleteStackCommand({ StackName }));
      }),
  };
}

function changeSetInput({ stack, changeSet, creates, template, parameters, tags }: ChangeSetRequest) {
  return {
    StackName: stack,
    ChangeSetName: changeSet,
    ChangeSetType: creates ? ('CREATE' as const) : ('UPDATE' as const),
    TemplateBody: template,
    Capabilities: ['CAPABILITY_IAM' as const],
    Parameters: Object.entries(parameters).map(([ParameterKey, value]) =>
      value === undefined ? { ParameterKey, UsePreviousValue: true } : { ParameterKey, ParameterValue: value },
    ),
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  };
}

async function readChangeSet(
  client: CloudFormationClient,
  StackName: string,
  ChangeSetName: string,
): Promise<ChangeSetFacts> {
  const facts: ChangeSetFacts = { status: '', reason: '', changes: [] };
  let NextToken: string | undefined;
  do {
    const input = { StackName, ChangeSetName, ...(NextToken ? { NextToken } : {}) };
    const page = await client.send(new DescribeChangeSetCommand(input));
    Object.assign(facts, { status: page.Status ?? '', reason: page.StatusReason ?? '' });
    facts.changes.push(...(page.Changes ?? []).map(stackChange));
    NextToken = page.NextToken;
  } while (NextToken);
  return facts;
}

async function readEvents(
  client: CloudFormationClient,
  StackName: string,
  after: string | undefined,
): Promise<StackEvent[]> {
  const found: StackEvent[] = [];
  for await (const { StackEvents = [] } of paginateDescribeStackEvents({ client }, { StackName })) {
    const known = StackEvents.findIndex(({ EventId }) => EventId === after);
    found.push(...(known < 0 ? StackEvents : StackEvents.slice(0, known)).map(stackEvent));
    if (known >= 0) break;
  }
  return found.toReversed();
}

function stackFacts({ StackId = '', StackName = '', StackStatus, Parameters, Outputs }: Stack): StackFacts {
  const pairs = (list: readonly [string | undefined, string | undefined][]) =>
    Object.fromEntries(list.map(([key = '', value = '']) => [key, value]));
  return {
    ...{ id: StackId, name: StackName, status: StackStatus ?? '' },
    parameters: pairs((Parameters ?? []).map(({ ParameterKey, ParameterValue }) => [ParameterKey, ParameterValue])),
    outputs: pairs((Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])),
  };
}

function stackChange({ ResourceChange: change }: Change): StackChange {
  const action = (change?.Action ?? 'Modify').toLowerCase();
  // "Conditional" means that it depends on values that are only known during the update: a replacement is possible.
  const replaced = action === 'modify' && (change?.Replacement ?? 'False') !== 'False';
  return {
    action: replaced ? 'replace' : action === 'add' || action === 'remove' ? action : 'modify',
    resource: change?.LogicalResourceId ?? '',
    type: change?.ResourceType ?? '',
  };
}

function stackEvent(event: {
  EventId?: string | undefined;
  LogicalResourceId?: string | undefined;
  ResourceType?: string | undefined;
  ResourceStatus?: string | undefined;
  ResourceStatusReason?: string | undefined;
}): StackEvent {
  return {
    id: event.EventId ?? '',
    resource: event.LogicalResourceId ?? '',
    type: event.ResourceType ?? '',
    status: event.ResourceStatus ?? '',
    reason: event.ResourceStatusReason,
  };
}
