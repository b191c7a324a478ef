import { CommanderError } from '@commander-js/extra-typings';
import { ExitCode, messageOf, PipelineError } from '../errors.ts';
import { fail } from './print.ts';
import { createProgram } from './program.ts';
import { programVersion } from '../run/program-files.ts';

/** Commands that have work to do although nobody reads what they say about it. */
const WORKING = ['run', 'retry', 'demo', 'build', 'push'];

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
  if (!WORKING.includes(command)) process.exit(code);
  lost = code;
});
process.stderr.on('error', () => undefined);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  else exitCode = fail(error);
}
// Whether the last words were taken is known only now.
await new Promise((resolve) => process.stdout.write('', resolve));
process.exit(exitCode === ExitCode.ok ? lost : exitCode);

function unwritable(error: Error): PipelineError {
  return new PipelineError({
    code: 'stdout-unwritable',
    message: `The output cannot be written: ${messageOf(error)}`,
    exitCode: ExitCode.environment,
  });
}
