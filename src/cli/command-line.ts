import { CommanderError } from '@commander-js/extra-typings';
import { ExitCode, messageOf, PipelineError } from '../errors.ts';
import { fail } from './print.ts';
import { createProgram } from './program.ts';
import { programVersion } from '../run/program-files.ts';

/** Commands that go on even if their output is no longer read. */
const WORKING = ['run', 'retry', 'demo', 'build', 'push'];

/** While a user's file is loaded, `process.exit` is refused. */
const exit = process.exit.bind(process);

let exitCode: ExitCode = ExitCode.ok;
let command = '';
/** Exit code of a command that worked, and whose words were lost. */
let lost: ExitCode = ExitCode.ok;
const program = createProgram(programVersion(), (code) => {
  exitCode = code;
});
program.hook('preAction', (_, action) => {
  command = action.name();
});
for (const each of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)])
  each.exitOverride();

/** A reader that went away (`| head`) is no failure; a disk that takes no more output is one. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  const code = error.code === 'EPIPE' ? ExitCode.ok : fail(unwritable(error));
  if (!WORKING.includes(command)) exit(code);
  lost = code;
});
process.stderr.on('error', () => undefined);

process.on('uncaughtException', (error) => void leave(error));
process.on('unhandledRejection', (error) => void leave(error));
// Node would end the process here, with a warning about its own code.
process.once('beforeExit', () => void leave(idle()));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  else exitCode = fail(error);
}
// Whether the last words were taken is known only now.
await new Promise((resolve) => process.stdout.write('', resolve));
exit(exitCode === ExitCode.ok ? lost : exitCode);

/** For errors that nothing has caught: those of a user's file are reported as such. */
async function leave(error: unknown): Promise<never> {
  const { userFileError } = await import('../pipeline/load-pipeline.ts');
  return exit(fail(userFileError(error) ?? error));
}

function idle(): PipelineError {
  return new PipelineError({
    code: 'nothing-to-wait-for',
    message: 'The command waits for something that can never happen',
    hint: 'Does the pipeline file await a promise that never resolves?',
  });
}

function unwritable(error: Error): PipelineError {
  return new PipelineError({
    code: 'stdout-unwritable',
    message: `The output cannot be written: ${messageOf(error)}`,
    exitCode: ExitCode.environment,
  });
}
