import { ExitCode, PipelineError } from '../../errors.ts';
import { type Builder, BUILDER_NAMES, type BuilderName, openBuilder } from './builder.ts';

/**
 * The builder that is asked for, or the first that works here: a docker without its engine does not.
 * @throws PipelineError `builder-unknown`, or `builder-missing` with what each said
 */
export async function findBuilder(wanted?: string, signal?: AbortSignal): Promise<Builder> {
  const said: string[] = [];
  for (const name of candidates(wanted)) {
    const opened = await openBuilder(name, signal);
    if (typeof opened !== 'string') return opened;
    said.push(`${name}: ${opened}`);
  }
  throw new PipelineError({
    code: 'builder-missing',
    message: `No program that builds images works here\n  ${said.join('\n  ')}`,
    hint: 'Install docker, podman or buildah; or push from another machine, or use images by URI: docs/images.md',
    exitCode: ExitCode.environment,
  });
}

function candidates(wanted: string | undefined): readonly BuilderName[] {
  if (wanted === undefined) return BUILDER_NAMES;
  const known = BUILDER_NAMES.find((name) => name === wanted);
  if (known) return [known];
  throw new PipelineError({
    code: 'builder-unknown',
    message: `There is no builder "${wanted}"`,
    where: '--builder',
    hint: `Builders: ${BUILDER_NAMES.join(', ')}.`,
  });
}
