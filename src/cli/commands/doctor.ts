import { styleText } from 'node:util';
import type { Finding } from '../../engine/engine.ts';
import { ExitCode } from '../../errors.ts';
import { diagnose } from '../../run/diagnose.ts';
import { columns } from '../../views/columns.ts';
import { print, printJson } from '../print.ts';
import { chosenEngine, type EngineFlags, storeUrl } from '../session.ts';

/** `batch-pipeline doctor`: is this machine fit to run? */
export async function doctorCommand(
  pipeline: string,
  flags: EngineFlags & { store?: string; json?: boolean },
): Promise<ExitCode> {
  const place = { store: storeUrl(flags), environment: process.env };
  const findings = await diagnose(pipeline, chosenEngine(flags), place);
  if (flags.json) printJson(findings);
  // One program may be two tools to the steps, with different abilities.
  else
    print(columns([...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()].flatMap(lines)));
  return findings.some(({ level }) => level === 'error') ? ExitCode.environment : ExitCode.ok;
}

function lines({ level, subject, message, hint }: Finding): string[][] {
  const mark = {
    ok: styleText('green', 'ok'),
    warning: styleText('yellow', 'warning'),
    error: styleText('red', 'error'),
  }[level];
  return [[mark, subject, message], ...(hint?.split('\n').map((line) => ['', '', `-> ${line.trim()}`]) ?? [])];
}
