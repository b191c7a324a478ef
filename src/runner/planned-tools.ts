import { ExitCode, PipelineError } from '../errors.ts';
import type { Step } from '../pipeline/step.ts';
import type { Manifest } from '../record/manifest.ts';
import { probeTool } from './tools.ts';

/** @throws PipelineError `tool-changed` where a tool of the step is another than the run was planned with */
export type ToolCheck = (step: Step, manifest: Manifest) => Promise<void>;

/**
 * Looks once per step and process: a runner may be started long after the plan, and what it is to do is filed under the
 * tools that the plan has seen. Only for the machine that has planned; elsewhere images and modules stand for the tools.
 */
export function plannedTools(path: string): ToolCheck {
  const looks = new Map<string, Promise<void>>();
  return async (step, manifest) => {
    if (step.tools.length === 0) return;
    const id = `${manifest.run} ${step.name}`;
    const look = looks.get(id) ?? compare(step, manifest, path);
    looks.set(id, look);
    await look;
  };
}

async function compare({ name, tools }: Step, { run, steps }: Manifest, path: string): Promise<void> {
  const planned = steps.find((step) => step.name === name)?.toolVersions ?? {};
  for (const tool of tools) {
    const before = planned[tool.name];
    // What could not be told then is not asked for again.
    if (before === undefined || before === 'unknown') continue;
    const version = (await probeTool(tool, path)).version ?? 'unknown';
    if (version !== before) throw otherTool({ run, tool: tool.name, planned: before, version });
  }
}

export function otherTool(facts: { run: string; tool: string; planned: string; version: string }): PipelineError {
  return new PipelineError({
    code: 'tool-changed',
    message: `${facts.tool} is ${facts.version} here, and was ${facts.planned} when run ${facts.run} was planned`,
    hint: '"batch-pipeline run" plans anew with it; what does not need it stays done. Or put the other version back.',
    exitCode: ExitCode.environment,
  });
}
