import { ExitCode, PipelineError, throwAll } from '../errors.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Tool } from '../pipeline/tool.ts';
import type { StepEnvironment } from '../engine/provider.ts';
import { type FoundTool, probeTool } from '../runner/tools.ts';

/** Finds every tool that a pipeline's steps declare on this machine's `PATH`, with its version. */
export async function probeTools(
  pipeline: Pipeline,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Map<Tool, FoundTool>> {
  const tools = [...new Set(pipeline.steps.flatMap((step) => step.tools))];
  const path = environment['PATH'] ?? '';
  return new Map(
    await Promise.all(tools.map(async (tool): Promise<[Tool, FoundTool]> => [tool, await probeTool(tool, path)])),
  );
}

/**
 * What stands for every step's tools.
 * @throws PipelineErrors for tools that are missing or cannot do what is needed, with the commands that install them.
 */
export function toolEnvironments(
  pipeline: Pipeline,
  found: ReadonlyMap<Tool, FoundTool>,
): Record<string, StepEnvironment> {
  throwAll([...found].flatMap(([tool, facts]) => toolErrors(tool, facts)));
  return Object.fromEntries(
    pipeline.steps.map((step) => [
      step.name,
      {
        toolVersions: Object.fromEntries(step.tools.map((tool) => [tool.name, found.get(tool)?.version ?? 'unknown'])),
      },
    ]),
  );
}

function toolErrors(tool: Tool, facts: FoundTool): PipelineError[] {
  if (facts.command && facts.lacks === undefined) return [];
  const message = facts.command ? `${tool.name} ${facts.version}: ${facts.lacks}` : `${tool.name} is not installed`;
  return [
    new PipelineError({ code: 'tool-missing', message, hint: installHint(tool), exitCode: ExitCode.environment }),
  ];
}

/** One line per way to get a tool. */
export function installHint(tool: Tool): string {
  return [
    `Debian/Ubuntu: sudo apt-get install -y --no-install-recommends ${tool.install.debian}`,
    `conda: conda install -c conda-forge -c bioconda ${tool.install.conda}`,
    'containers: docker run --rm -it -v "$PWD:$PWD" -w "$PWD" node:24-bookworm bash   (then as on Debian)',
  ].join('\n     ');
}
