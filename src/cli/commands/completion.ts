import type { Command } from '@commander-js/extra-typings';
import { ExitCode, PipelineError } from '../../errors.ts';
import { print } from '../print.ts';

/** What a shell has to know, taken from the program itself. */
interface Words {
  command: string;
  description: string;
  flags: string[];
}

/** `batch-pipeline completion SHELL` */
export async function completionCommand(shell: string, program: Command): Promise<ExitCode> {
  const script = SHELLS[shell];
  if (!script)
    throw new PipelineError({
      code: 'shell-unknown',
      message: `There is no completion for "${shell}"`,
      hint: 'Shells: bash, zsh, fish.',
    });
  print(script(words(program)));
  return ExitCode.ok;
}

function words(program: Command): Words[] {
  const common = program.options.map(({ long }) => long ?? '');
  return program.commands.map((command) => ({
    command: command.name(),
    description: command.description(),
    flags: [...command.options.map(({ long }) => long ?? ''), ...common, '--help'].filter(Boolean),
  }));
}

const SHELLS: Readonly<Record<string, (words: readonly Words[]) => string>> = {
  bash: (all) =>
    [
      '_batch_pipeline() {',
      '  local current="${COMP_WORDS[COMP_CWORD]}" choices=""',
      '  case "${COMP_WORDS[1]}" in',
      ...all.map(({ command, flags }) => `    ${command}) choices="${flags.join(' ')}" ;;`),
      '  esac',
      `  [ "$COMP_CWORD" -eq 1 ] && choices="${all.map(({ command }) => command).join(' ')}"`,
      '  COMPREPLY=($(compgen -W "$choices" -- "$current"))',
      '  [ ${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- "$current"))',
      '}',
      'complete -o filenames -F _batch_pipeline batch-pipeline',
    ].join('\n'),
  zsh: (all) =>
    [
      '#compdef batch-pipeline',
      '_batch_pipeline() {',
      '  if (( CURRENT == 2 )); then',
      `    compadd ${all.map(({ command }) => command).join(' ')}`,
      '    return',
      '  fi',
      '  case $words[2] in',
      ...all.map(({ command, flags }) => `    ${command}) compadd -- ${flags.join(' ')} ;;`),
      '  esac',
      '  _files',
      '}',
      'compdef _batch_pipeline batch-pipeline',
    ].join('\n'),
  fish: (all) =>
    all
      .flatMap(({ command, description, flags }) => [
        `complete -c batch-pipeline -n __fish_use_subcommand -a ${command} -d '${description.replaceAll("'", '')}'`,
        ...flags.map(
          (flag) => `complete -c batch-pipeline -n '__fish_seen_subcommand_from ${command}' -l ${flag.slice(2)}`,
        ),
      ])
      .join('\n'),
};
