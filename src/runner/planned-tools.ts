import { ExitCode, PipelineError } from '../errors.ts';
import type { Step } from '../pipeline/step.ts';
import type { Tool } from '../pipeline/tool.ts';
import type { Manifest } from '../record/manifest.ts';
import { probeTool } from './tools.ts';

/** @throws PipelineError `tool-changed` where a tool of the step differs from the one that the run was planned with */
export type ToolCheck = (step: Step, manifest: Manifest) => Promise<void>;

/**
 * Checks once per step and process: a runner may start long after the plan, and the task's key contains the tools that
 * the plan has found. Only on the machine that planned; elsewhere images and modules identify the tools.
 */
export function plannedTools(path: string): ToolCheck {
  const looks = new Map<string, Promise<boolean>>();
  return async (step, manifest) => {
    if (step.tools.length === 0) return;
    const id = `${manifest.run} ${step.name}`;
    const look = looks.get(id) ?? compare(step, manifest, path);
    looks.set(id, look);
    // A failed or inconclusive check may be temporary: the next attempt checks again.
    const told = await look.catch((error: unknown) => {
      looks.delete(id);
      throw error;
    });
    if (!told) looks.delete(id);
  };
}

/** False where the version of an installed tool is unknown: a timeout on a busy machine does not mean another tool. */
async function compare({ name, tools }: Step, { run, steps }: Manifest, path: string): Promise<boolean> {
  const planned = steps.find((step) => step.name === name)?.toolVersions ?? {};
  let told = true;
  for (const tool of tools) {
    const before = planned[tool.name];
    // A version that was unknown when the run was planned is not compared.
    if (before === undefined || before === 'unknown') continue;
    const version = await versionHere(tool, path);
    if (version === undefined) told = false;
    else if (version !== before) throw otherTool({ run, tool: tool.name, planned: before, version });
  }
  return told;
}

/** `undefined` where an installed tool does not report its version, even when asked twice. */
async function versionHere(tool: Tool, path: string): Promise<string | undefined> {
  const first = await probeTool(tool, path);
  if (!first.command) return 'not installed';
  return first.version ?? (await probeTool(tool, path)).version;
}

export function otherTool(facts: { run: string; tool: string; planned: string; version: string }): PipelineError {
  return new PipelineError({
    code: 'tool-changed',
    message: `${facts.tool} is ${facts.version} here, and was ${facts.planned} when run ${facts.run} was planned`,
    hint: '"batch-pipeline run" makes a new plan with it, and repeats only what uses it. Or restore the planned version.',
    exitCode: ExitCode.environment,
  });
}
