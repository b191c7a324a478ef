import { CommanderError } from '@commander-js/extra-typings';
import { ExitCode } from '../errors.ts';
import { fail } from './print.ts';
import { createProgram } from './program.ts';
import { programVersion } from './program-files.ts';

/** A reader that went away (`| head`) is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(ExitCode.ok);
  throw error;
});

let exitCode: ExitCode = ExitCode.ok;
const program = createProgram(programVersion(), (code) => {
  exitCode = code;
});
for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)])
  command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  else exitCode = fail(error);
}
process.exit(exitCode);
