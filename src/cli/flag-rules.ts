import { PipelineError } from '../errors.ts';

/** What commander tells of a command that is about to act. */
interface Acting {
  name(): string;
  /** Of a command as `images build`, `images`; of any other the program. */
  parent: { name(): string; parent: unknown } | null;
  options: readonly { attributeName(): string }[];
  getOptionValueSourceWithGlobals(name: string): string | undefined;
}

/** Flags by the name of their attribute, as commander keeps them. */
interface Rules {
  /** Flags of all commands that this one has no use for, with what to do instead. */
  idle?: Readonly<Record<string, string>>;
  /** Of these two only one can be meant, and why. */
  apart?: readonly (readonly [string, string, string])[];
  /** Beside this flag every other one means nothing, and why. */
  alone?: readonly [string, string];
}

const TWO_STORES = ['store', 'bucketName', 'both name the store'] as const;

const RULES: Readonly<Record<string, Rules>> = {
  run: { apart: [TWO_STORES, ['samples', 'sampleListFile', 'both give the samples']] },
  plan: { apart: [TWO_STORES, ['samples', 'sampleListFile', 'both give the samples']] },
  logs: { apart: [['json', 'follow', 'cannot be combined: the record is written when the task has ended']] },
  check: { idle: { store: 'A definition is checked without a store.' } },
  init: { idle: { store: 'The first run creates the store.', json: 'Its output is not meant for programs.' } },
  completion: { idle: { store: 'The script is the same for every store.', json: 'It prints a shell script.' } },
  demo: { idle: { store: 'The store is in the folder of the demo: batch-pipeline demo FOLDER.' } },
  'images build': { idle: { store: 'Images are built on this machine; "images push" brings them to a store.' } },
  deploy: {
    apart: [TWO_STORES, ['print', 'json', 'cannot be combined: the template is YAML']],
    alone: ['print', 'prints the template, which is the same for all'],
  },
};

/**
 * Makes sure that no flag is ignored.
 * @throws PipelineError `flag-invalid` for flags that a command has no use for, or that exclude each other
 */
export function refuseIdleFlags(command: Acting): void {
  const rules = RULES[pathOf(command)] ?? {};
  const isGiven = (flag: string): boolean => command.getOptionValueSourceWithGlobals(flag) === 'cli';
  for (const [flag, hint] of Object.entries(rules.idle ?? {}))
    if (isGiven(flag)) throw invalid(`"${pathOf(command)}" does not use ${long(flag)}`, hint);
  for (const [one, other, why] of rules.apart ?? [])
    if (isGiven(one) && isGiven(other)) throw invalid(`${long(one)} and ${long(other)} ${why}`, LEAVE_ONE);
  const [lone = '', why = ''] = rules.alone ?? [];
  // `--store` is a flag of the program.
  const flags = [...command.options.map((option) => option.attributeName()), 'store'];
  const beside = flags.find((flag) => flag !== lone && isGiven(flag));
  if (isGiven(lone) && beside !== undefined)
    throw invalid(`${long(lone)} ${why}: ${long(beside)} has no effect`, LEAVE_ONE);
}

const LEAVE_ONE = 'Omit one of them.';

/** `images build`, as the user writes it. */
function pathOf(command: Acting): string {
  const { parent } = command;
  return parent?.parent ? `${parent.name()} ${command.name()}` : command.name();
}

function long(attribute: string): string {
  return `--${attribute.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function invalid(message: string, hint: string): PipelineError {
  return new PipelineError({ code: 'flag-invalid', message, hint });
}
