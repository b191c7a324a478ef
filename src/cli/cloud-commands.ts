import type { Command } from '@commander-js/extra-typings';
import type { OnExit } from './program.ts';

/** Adds `gc`. */
export function addGarbageCommands(program: Pick<Command, 'command'>, onExit: OnExit): void {
  program
    .command('gc')
    .description('show what the store and the account hold that nobody needs any more; --apply removes it')
    .option('--apply', 'remove it')
    .option('--keep-days <n>', 'keep what only later runs would need for so long after a run', '30')
    .addHelpText('after', '\nExample:\n  $ batch-pipeline gc\n  $ batch-pipeline gc --apply --keep-days 7')
    .action(async (_flags, command) =>
      onExit(await (await import('./commands/gc.ts')).gcCommand(command.optsWithGlobals())),
    );
}
