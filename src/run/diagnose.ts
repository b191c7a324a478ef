import { existsSync, statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import type { Finding } from '../engine/engine.ts';
import { machineMemoryMiB } from '../engine/local/machine.ts';
import { messageOf } from '../errors.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { NO_SIZES, taskResources } from '../pipeline/resources.ts';
import type { Tool } from '../pipeline/tool.ts';
import type { FoundTool } from '../runner/tools.ts';
import type { Store } from '../store/store.ts';
import { installHint, probeTools } from './probe-tools.ts';
import { type EngineRequest, openEngineFor, openWorkspace, type WorkspaceOptions } from './workspace.ts';

/**
 * Is everything there that runs of a pipeline need: this machine, its tools, the store, the engine?
 * @throws PipelineError for a pipeline that cannot be loaded, or an engine that cannot be opened
 */
export async function diagnose(
  pipelineName: string,
  engine: EngineRequest,
  place: WorkspaceOptions,
): Promise<Finding[]> {
  const { pipeline } = await loadPipeline(pipelineName);
  const machine = `${availableParallelism()} cpus, ${machineMemoryMiB()} MB of memory`;
  return [
    { level: 'ok', subject: 'node', message: process.version },
    { level: 'ok', subject: 'machine', message: machine },
    ...[...(await probeTools(pipeline, place.environment))].map(([tool, facts]) => toolFinding(tool, facts)),
    ...(await storeFindings(place)),
    ...(await engineFindings(pipeline, engine, place)),
  ];
}

function toolFinding(tool: Tool, facts: FoundTool): Finding {
  if (!facts.command) return { level: 'error', subject: tool.name, message: 'not installed', hint: installHint(tool) };
  if (facts.lacks !== undefined)
    return { level: 'error', subject: tool.name, message: `${facts.version}: ${facts.lacks}`, hint: installHint(tool) };
  return {
    level: 'ok',
    subject: tool.name,
    message: `${facts.version ?? 'version unknown'} (${facts.command.join(' ')})`,
  };
}

/** The engine's own findings, and those about the steps' needs. */
async function engineFindings(pipeline: Pipeline, choice: EngineRequest, place: WorkspaceOptions): Promise<Finding[]> {
  const { engine } = await openEngineFor(await openWorkspace(place), choice);
  try {
    const { maxArraySize, maxArrayReason } = await engine.limits();
    const arrays = `arrays of at most ${maxArraySize.toLocaleString('en')}${maxArrayReason ? `: ${maxArrayReason}` : ''}`;
    // Without samples: the least that each step ever asks for.
    const needs = pipeline.steps.map((step) => ({
      step: step.name,
      resources: taskResources(step, NO_SIZES),
      image: undefined,
    }));
    return [{ level: 'ok', subject: `engine ${engine.name}`, message: arrays }, ...(await engine.check(needs))];
  } finally {
    await engine.close();
  }
}

async function storeFindings(place: WorkspaceOptions): Promise<Finding[]> {
  try {
    const { store } = await openWorkspace(place);
    await probeStore(store);
    return [
      { level: 'ok', subject: 'store', message: `${store.url} can be written, listed and read` },
      ...diskFinding(store),
    ];
  } catch (error) {
    const message = `${place.store}: ${messageOf(error)}`;
    return [{ level: 'error', subject: 'store', message, hint: 'Name another with --store.' }];
  }
}

/** Writes, reads and removes one small object. */
async function probeStore(store: Store): Promise<void> {
  const key = `v1/doctor/${process.pid}`;
  await store.write(key, 'doctor\n');
  const body = await store.read(key);
  await store.remove([key]);
  if (new TextDecoder().decode(body) !== 'doctor\n') throw new Error('what was written cannot be read back');
}

/** Below this a human sample's FASTQ does not fit. */
const LITTLE_DISK_GB = 20;

function diskFinding(store: Store): Finding[] {
  const root = store.localPath('v1');
  if (root === undefined) return [];
  const { bavail, bsize } = statfsSync(existing(root));
  const free = Math.floor((bavail * bsize) / 1024 ** 3);
  return [
    { level: free < LITTLE_DISK_GB ? 'warning' : 'ok', subject: 'disk', message: `${free} GB free for the store` },
  ];
}

/** The folder itself, or where it would be made: a store begins to exist with what is written to it. */
function existing(folder: string): string {
  return existsSync(folder) ? folder : existing(dirname(folder));
}
