import { existsSync, statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { styleText } from 'node:util';
import { ExitCode, messageOf } from '../../errors.ts';
import type { Finding } from '../../engine/engine.ts';
import { machineMemoryMiB } from '../../engine/local/machine.ts';
import { loadPipeline } from '../../pipeline/load-pipeline.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { NO_SIZES, taskResources } from '../../pipeline/resources.ts';
import type { Tool } from '../../pipeline/tool.ts';
import type { FoundTool } from '../../runner/tools.ts';
import type { Store } from '../../store/store.ts';
import { columns } from '../../views/columns.ts';
import { installHint, probeTools } from '../../run/probe-tools.ts';
import { print, printJson } from '../print.ts';
import { type EngineFlags, openNamedEngine, openSession, storeUrl } from '../session.ts';

/** `batch-pipeline doctor`: is this machine fit to run? */
export async function doctorCommand(
  pipelineName: string,
  flags: EngineFlags & { store?: string; json?: boolean },
): Promise<ExitCode> {
  const { pipeline } = await loadPipeline(pipelineName);
  const url = storeUrl(flags);
  const findings = [
    { level: 'ok', subject: 'node', message: process.version } as const,
    {
      level: 'ok',
      subject: 'machine',
      message: `${availableParallelism()} cpus, ${machineMemoryMiB()} MB of memory`,
    } as const,
    ...[...(await probeTools(pipeline, process.env))].map(([tool, facts]) => toolFinding(tool, facts)),
    ...(await storeFindings(url)),
    ...(await engineFindings(pipeline, flags, url)),
  ];
  if (flags.json) printJson(findings);
  // One program may be two tools to the steps, with different abilities.
  else
    print(columns([...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()].flatMap(lines)));
  return findings.some(({ level }) => level === 'error') ? ExitCode.environment : ExitCode.ok;
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
async function engineFindings(pipeline: Pipeline, flags: EngineFlags, url: string): Promise<Finding[]> {
  const { engine } = await openNamedEngine(flags, await openSession(url));
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

async function storeFindings(url: string): Promise<Finding[]> {
  try {
    const { store } = await openSession(url);
    await probeStore(store);
    return [
      { level: 'ok', subject: 'store', message: `${store.url} can be written, listed and read` },
      ...diskFinding(store),
    ];
  } catch (error) {
    return [
      { level: 'error', subject: 'store', message: `${url}: ${messageOf(error)}`, hint: 'Name another with --store.' },
    ];
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

function lines({ level, subject, message, hint }: Finding): string[][] {
  const mark = {
    ok: styleText('green', 'ok'),
    warning: styleText('yellow', 'warning'),
    error: styleText('red', 'error'),
  }[level];
  return [[mark, subject, message], ...(hint?.split('\n').map((line) => ['', '', `-> ${line.trim()}`]) ?? [])];
}
