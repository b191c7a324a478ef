import { Option } from '@commander-js/extra-typings';
import { longFlag } from '../engine/flags.ts';
import type { EngineFlag } from '../engine/provider.ts';
import { ENGINES, FLAG_KEYS } from '../engine/registry.ts';

/** What takes options: a command of commander's, whatever types it has collected. */
interface Flagged {
  addOption(option: Option): unknown;
}

/** Collects a flag that may be given several times. */
export const several = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** `--engine` and `--engine-option`. */
export function addEngineChoice<C extends Flagged>(command: C): C {
  const names = ENGINES.map(({ name }) => name).join(', ');
  const where = `where jobs run: ${names}, or a file that defines another engine (default: local; with --bucket-name aws-batch)`;
  command.addOption(new Option('--engine <name>', where));
  command.addOption(engineOption());
  return command;
}

/** Those, and the flags of all engines. Each engine refuses the flags of others. */
export function addEngineFlags<C extends Flagged>(command: C): C {
  addEngineChoice(command);
  for (const key of FLAG_KEYS) command.addOption(optionOf(key));
  return command;
}

/** Flags that may be given anew for a run that was started before. */
export function addRetryFlags<C extends Flagged>(command: C): C {
  const isForRetry = (key: string) => ENGINES.some(({ flags }) => flags[key]?.onRetry);
  for (const key of FLAG_KEYS.filter(isForRetry)) command.addOption(optionOf(key, 'as the run was started'));
  command.addOption(engineOption());
  return command;
}

function engineOption(): Option {
  const text = 'a flag of an engine that a file defines (repeatable)';
  return new Option('--engine-option <name=value>', text).argParser(several) as unknown as Option;
}

/** `slurm: partition; aws-batch: job queue`, since engines may share a flag. */
function optionOf(key: string, fallback?: string): Option {
  const declared = ENGINES.flatMap(({ name, flags }) => (flags[key] ? [{ name, flag: flags[key] }] : []));
  const byText = Map.groupBy(declared, ({ flag }) => textOf(flag, fallback));
  const text = [...byText]
    .map(([said, engines]) => `${engines.map(({ name }) => name).join(', ')}: ${said}`)
    .join('; ');
  const { value, repeatable } = declared[0]?.flag ?? { description: '' };
  const option = new Option(value === undefined ? longFlag(key) : `${longFlag(key)} <${value}>`, text);
  return repeatable ? (option.argParser(several) as unknown as Option) : option;
}

function textOf(flag: EngineFlag, fallback = flag.default): string {
  const notes = `${fallback === undefined ? '' : ` (default: ${fallback})`}${flag.repeatable ? ' (repeatable)' : ''}`;
  return flag.description + notes;
}
