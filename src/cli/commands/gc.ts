import { ExitCode, PipelineError } from '../../errors.ts';
import { collectGarbage } from '../../gc/collect-garbage.ts';
import { garbageText } from '../../views/garbage-text.ts';
import { notice, print, printJson } from '../print.ts';
import { commandWith, openSession, storeUrl } from '../session.ts';

export interface GcFlags {
  store?: string;
  json?: boolean;
  apply?: boolean;
  keepDays: string;
}

/** `batch-pipeline gc`: shows what is no longer needed; with `--apply` removes it. */
export async function gcCommand(flags: GcFlags): Promise<ExitCode> {
  const keepDays = days(flags.keepDays);
  const { apply = false } = flags;
  const { garbage, spared } = await collectGarbage(await openSession(storeUrl(flags)), { keepDays, apply });
  if (flags.json) {
    printJson({ removed: apply, garbage, spared });
    return ExitCode.ok;
  }
  print(garbageText(garbage, spared));
  if (apply) notice(garbage.length > 0 ? 'Removed.' : 'Nothing was removed.');
  else if (garbage.length > 0) notice(`Nothing was removed. next: ${commandWith(flags)} gc --apply`);
  return ExitCode.ok;
}

function days(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text)) return number;
  throw new PipelineError({
    code: 'flag-invalid',
    message: `"${text}" is not a number of days`,
    where: '--keep-days',
    hint: 'Give a whole number: --keep-days 30',
  });
}
