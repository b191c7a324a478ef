import { closeSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemCode } from '../errors.ts';
import type { Shell, ShellOptions, ShellValue, ToolResult } from '../pipeline/shell.ts';
import { StepFailure } from '../pipeline/step.ts';
import type { ToolCall } from '../record/attempt-record.ts';
import type { AttemptLog } from './attempt-log.ts';
import { BASH_REPORT, bashArgv, type BashFailure, bashFailures, pasteable, whereFailed } from './bash-script.ts';
import { isDiskFull, outOfMemoryKills, toolFailureCause } from './failure.ts';
import type { Straggler } from './process-group.ts';
import { CAPTURE_BYTES, runTool, type ToolEnd } from './run-tool.ts';
import { templateArgv, typedTexts } from './template-argv.ts';
import { shortCommand, type ToolCalls } from './tool-calls.ts';

export interface ShellSetup {
  scratch: string;
  log: AttemptLog;
  signal: AbortSignal;
  /** The environment that tools inherit. */
  environment: NodeJS.ProcessEnv;
  /** Receives every finished call, for the record. */
  onCall(call: ToolCall): void;
  calls: ToolCalls;
}

type Cut = (template: TemplateStringsArray, values: readonly ShellValue[]) => string[];

/** Calls of bash in this process: each has a report of its own. */
let scripts = 0;

/**
 * Makes the `$` of one attempt: a template is split into an argument list, or passed to bash with its values as
 * arguments.
 */
export function createShell(setup: ShellSetup, options: ShellOptions = {}): Shell {
  const run = (cut: Cut, template: TemplateStringsArray, values: readonly ShellValue[], report?: string) =>
    setup.calls.keep(
      commandLine(template, values),
      call(setup, options, () => cut(template, values), report),
    );
  const shell = (first: TemplateStringsArray | ShellOptions, ...values: readonly ShellValue[]) =>
    isTemplate(first) ? run(templateArgv, first, values) : createShell(setup, { ...options, ...first });
  const bash: Shell['bash'] = (template, ...values) => {
    scripts += 1;
    const report = join(setup.scratch, `${BASH_REPORT}${scripts}`);
    return run((texts, all) => bashArgv(texts, all, report), template, values, report);
  };
  return Object.assign(shell, { bash }) as Shell;
}

/** The call, for messages. */
function commandLine(template: TemplateStringsArray, values: readonly ShellValue[]): string {
  const parts = typedTexts(template).flatMap((text, i) => [text, [values[i] ?? []].flat().join(' ')]);
  return shortCommand([parts.join('')]);
}

function isTemplate(value: TemplateStringsArray | ShellOptions): value is TemplateStringsArray {
  return Array.isArray(value);
}

/** `report` is the file in which a bash script notes what failed in it. */
async function call(
  setup: ShellSetup,
  options: ShellOptions,
  cut: () => string[],
  report: string | undefined,
): Promise<ToolResult> {
  setup.signal.throwIfAborted();
  const argv = cut();
  setup.log.command(commandText(setup, options, argv));
  const mark = setup.log.size();
  const startedAt = performance.now();
  const killsBefore = outOfMemoryKills();
  const allowed = options.allowExitCodes ?? [0];
  const { end, left } = await execute(setup, options, argv);
  setup.onCall({
    argv,
    ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
    ...(end.signal === undefined ? {} : { signal: end.signal }),
    wallSeconds: Math.round(performance.now() - startedAt) / 1000,
  });
  setup.signal.throwIfAborted();
  const printed = setup.log.since(mark);
  const failures = report === undefined ? [] : bashFailures(report);
  const seen = { printed, killsBefore, scratch: setup.scratch, failedPart: failures[0] };
  if (!isSuccess(end, allowed)) throw toolFailure(argv, end, seen);
  // A tool may exit with 0 without checking its last write on a full disk; bash may miss the failure of a part.
  if (isDiskFull(setup.scratch)) throw toolFailure(argv, { exitCode: 0, code: 'ENOSPC' }, seen);
  const failedPart = failures.find((failure) => isUnexpected(failure, end.exitCode === 0 ? [] : allowed));
  if (failedPart) throw toolFailure(argv, { exitCode: exitCodeOf(failedPart) }, { ...seen, failedPart });
  if (left.length > 0) throw leftRunning(argv, left);
  return { exitCode: end.exitCode as number, stdout: end.stdout ?? printed, stderr: printed };
}

/** Variables whose values must not be stored in a log. */
const SECRET = /TOKEN|SECRET|PASSW|CREDENTIAL|KEY/i;

/** The call as it can be repeated in the scratch folder, in a shell that has its secret variables. */
function commandText({ scratch }: ShellSetup, { env = {}, stdoutTo }: ShellOptions, argv: readonly string[]): string {
  const variables = Object.entries(env).map(([name, value]) =>
    SECRET.test(name) ? `${name}="$${name}"` : `${name}=${pasteable([value], scratch)}`,
  );
  const to = stdoutTo === undefined ? [] : ['>', pasteable([resolve(scratch, stdoutTo)], scratch)];
  return [...variables, pasteable(argv, scratch), ...to].join(' ');
}

async function execute(setup: ShellSetup, options: ShellOptions, argv: readonly string[]) {
  const { scratch: cwd, log, signal, environment } = setup;
  const file = options.stdoutTo === undefined ? undefined : openOutput(resolve(cwd, options.stdoutTo));
  try {
    return await runTool({
      ...{ argv, cwd, signal, stderr: log.fd, stdout: options.quiet ? 'capture' : (file ?? log.fd) },
      env: options.env && { ...environment, ...options.env },
      allowExitCodes: options.allowExitCodes ?? [0],
    });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function openOutput(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    const cause = systemCode(error) === 'ENOSPC' ? 'disk' : 'tool';
    throw new StepFailure(cause, `Cannot write the output of a tool to ${path} (${systemCode(error)})`);
  }
}

function isSuccess({ exitCode, isTooLong }: ToolEnd, allowed: readonly number[]): boolean {
  return exitCode !== undefined && !isTooLong && allowed.includes(exitCode);
}

/** An allowed exit code may be that of the last part, and hide the failure of another. */
function isUnexpected({ codes }: BashFailure, allowed: readonly number[]): boolean {
  return codes.some((code) => code !== 0 && !allowed.includes(code));
}

/** As `pipefail` has it. */
function exitCodeOf({ codes }: BashFailure): number | undefined {
  return codes.findLast((code) => code !== 0);
}

function leftRunning(argv: readonly string[], left: readonly Straggler[]): StepFailure {
  const commands = left.map(({ command }) => `"${shortCommand([command])}"`).join(', ');
  return new StepFailure('tool', `${argv[0]} ended and left ${commands} running in the background`, {
    hint: 'Leave out the &, or end the script with wait.',
  });
}

const DISK_HINT = 'Free some space on the disk where tasks work, then run the same command again.';

/** 128 + SIGPIPE. */
const SIGPIPE_CODE = 141;
const SIGPIPE_HINT =
  '141 is SIGPIPE: a part stopped reading, as head does, before the part in front of it had finished. If that is meant, write { … || true; } around the part in front.';

function toolFailure(
  argv: readonly string[],
  end: Omit<ToolEnd, 'exitCode'> & { exitCode?: number | undefined },
  seen: { printed: string; killsBefore: number; scratch: string; failedPart: BashFailure | undefined },
): StepFailure {
  const name = argv[0] ?? 'tool';
  if (end.isTooLong) {
    const message = `${name} printed more than ${CAPTURE_BYTES} bytes, too much to be returned`;
    return new StepFailure('tool', message, { hint: 'Send it to a file: $({ stdoutTo: path }).' });
  }
  if (end.code === 'ENOENT') {
    return new StepFailure('tool', `${name} is not installed here`, { hint: 'batch-pipeline doctor' });
  }
  const cause = toolFailureCause({
    signal: end.signal,
    printed: seen.printed,
    oomKills: outOfMemoryKills() - seen.killsBefore,
    diskFull: end.code === 'ENOSPC' || isDiskFull(seen.scratch),
  });
  const where = seen.failedPart ? whereFailed(seen.failedPart) : '';
  const hint = cause === 'disk' ? DISK_HINT : isSigpipe(seen.failedPart?.codes ?? []) ? SIGPIPE_HINT : undefined;
  return new StepFailure(cause, `${name} ${howItEnded(end)}${where}`, hint === undefined ? {} : { hint });
}

/** Beside another failure it is only a consequence. */
function isSigpipe(codes: readonly number[]): boolean {
  const bad = codes.filter((code) => code !== 0);
  return bad.length > 0 && bad.every((code) => code === SIGPIPE_CODE);
}

function howItEnded({ signal, exitCode, code }: Parameters<typeof toolFailure>[1]): string {
  if (signal) return `was killed by ${signal}`;
  if (code !== undefined) return exitCode === undefined ? `could not start (${code})` : `could not write (${code})`;
  return `exited with code ${exitCode}`;
}
