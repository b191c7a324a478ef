import { checkPipeline } from '../../check/check-pipeline.ts';
import { ExitCode, throwAll } from '../../errors.ts';
import { notice, print, printJson } from '../print.ts';

/** `batch-pipeline check [PIPELINE]`: everything that a definition tells by itself. Runs nothing. */
export async function checkCommand(pipelineName: string, flags: { json?: boolean }): Promise<ExitCode> {
  const { pipeline, types, errors, warnings } = await checkPipeline(pipelineName);
  if (flags.json) {
    const steps = pipeline?.steps.map(({ name }) => name) ?? [];
    const listed = errors.map(({ code, message, where, hint }) => ({ code, message, where, hint }));
    printJson({ pipeline: pipeline?.name, steps, types, errors: listed, warnings });
    return errors.length > 0 ? ExitCode.usage : ExitCode.ok;
  }
  for (const warning of warnings) notice(`warning: ${warning}`);
  if (pipeline) print(`${pipeline.name}: ${pipeline.steps.map(({ name }) => name).join(', ')}`);
  print(types.checked ? `types: checked with TypeScript ${types.typescript}` : `types: not checked: ${types.reason}`);
  throwAll(errors);
  return ExitCode.ok;
}
