import { execa } from 'execa';
import type { Shell, ShellOptions, ShellValue, ToolResult } from '../pipeline/shell.ts';
import { StepFailure } from '../pipeline/step.ts';
import type { ToolCall } from '../record/attempt-record.ts';
import type { AttemptLog } from './attempt-log.ts';
import { templateArgv } from './template-argv.ts';
import { isDiskFull, outOfMemoryKills, toolFailureCause } from './failure.ts';

export interface ShellSetup {
  scratch: string;
  log: AttemptLog;
  signal: AbortSignal;
  /** Every finished call is told here, for the record. */
  onCall(call: ToolCall): void;
  /** Calls that have not ended: an attempt is not over before they are. */
  open: Set<Promise<ToolResult>>;
}

/** Grace between SIGTERM and SIGKILL of a tool that has to stop. */
const KILL_AFTER_MS = 5000;
/** Captured output that a step may look at. */
const CAPTURE_CHARS = 1024 * 1024;

/** Makes the `$` of one attempt. No shell is involved: the template is cut into an argument list. */
export function createShell(setup: ShellSetup, options: ShellOptions = {}): Shell {
  const shell = (first: TemplateStringsArray | ShellOptions, ...values: readonly ShellValue[]) =>
    isTemplate(first)
      ? keepOpen(setup, call(setup, options, first, values))
      : createShell(setup, { ...options, ...first });
  return shell as Shell;
}

function keepOpen(setup: ShellSetup, ending: Promise<ToolResult>): Promise<ToolResult> {
  setup.open.add(ending);
  const close = (): void => void setup.open.delete(ending);
  ending.then(close, close);
  return ending;
}

function isTemplate(value: TemplateStringsArray | ShellOptions): value is TemplateStringsArray {
  return Array.isArray(value);
}

async function call(
  setup: ShellSetup,
  options: ShellOptions,
  template: TemplateStringsArray,
  values: readonly ShellValue[],
): Promise<ToolResult> {
  setup.signal.throwIfAborted();
  const mark = setup.log.size();
  const startedAt = performance.now();
  const killsBefore = outOfMemoryKills();
  const argv = templateArgv(template, values);
  const [file = '', ...args] = argv;
  const result = await execa(file, args, {
    cwd: setup.scratch,
    env: { ...options.env },
    stdin: 'ignore',
    stdout: options.quiet
      ? 'pipe'
      : { file: options.stdoutTo ?? setup.log.path, append: options.stdoutTo === undefined },
    stderr: { file: setup.log.path, append: true },
    maxBuffer: CAPTURE_CHARS,
    buffer: { stdout: options.quiet === true, stderr: false },
    reject: false,
    cancelSignal: setup.signal,
    killDescendants: true,
    forceKillAfterDelay: KILL_AFTER_MS,
  });
  setup.onCall({
    argv,
    ...(result.exitCode === undefined ? {} : { exitCode: result.exitCode }),
    ...(result.signal === undefined ? {} : { signal: result.signal }),
    wallSeconds: Math.round(performance.now() - startedAt) / 1000,
  });
  setup.signal.throwIfAborted();
  const printed = setup.log.since(mark);
  if (result.exitCode !== undefined && (options.allowExitCodes ?? [0]).includes(result.exitCode)) {
    return {
      exitCode: result.exitCode,
      stdout: typeof result.stdout === 'string' ? result.stdout : printed,
      stderr: printed,
    };
  }
  const oomKills = outOfMemoryKills() - killsBefore;
  throw toolFailure(argv, result, { printed, oomKills, scratch: setup.scratch });
}

const DISK_HINT = 'Free some space on the disk where tasks work, then run the same command again.';

interface ToolEnd {
  exitCode?: number | undefined;
  signal?: string | undefined;
  code?: string | undefined;
  isMaxBuffer?: boolean | undefined;
}

function toolFailure(
  argv: readonly string[],
  end: ToolEnd,
  seen: { printed: string; oomKills: number; scratch: string },
): StepFailure {
  const name = argv[0] ?? 'tool';
  if (end.isMaxBuffer) {
    const message = `${name} printed more than ${CAPTURE_CHARS} characters, too much to be returned`;
    return new StepFailure('tool', message, { hint: 'Send it to a file: $({ stdoutTo: path }).' });
  }
  if (end.code === 'ENOENT') {
    return new StepFailure('tool', `${name} is not installed here`, { hint: 'batch-pipeline doctor' });
  }
  const cause = toolFailureCause({ signal: end.signal, ...seen, diskFull: isDiskFull(seen.scratch) });
  const how = end.signal
    ? `was killed by ${end.signal}`
    : end.exitCode === undefined
      ? `could not start (${end.code})`
      : `exited with code ${end.exitCode}`;
  return new StepFailure(cause, `${name} ${how}`, cause === 'disk' ? { hint: DISK_HINT } : {});
}
