import { spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

// Runs a batch-pipeline command (after --) on this machine, one task at a time, and prints the resources of each
// attempt: from its record, and from sampling its processes and scratch folder twice a second.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    store: { type: 'string' },
    scratch: { type: 'string' },
    program: { type: 'string', default: join(import.meta.dirname, '../../dist/batch-pipeline.js') },
  },
});
if (!values.store || !values.scratch) throw new Error('Give --store FOLDER --scratch FOLDER -- ARGUMENTS');
const { store, program } = values;
// The runner works in folders below it.
const scratch = resolve(values.scratch);
mkdirSync(scratch, { recursive: true });

interface Look {
  at: number;
  /** Sum over the runner and all its tools. */
  residentBytes: number;
  scratchBytes: number;
  processes: number;
}

interface Attempt {
  step: string;
  sample: string;
  state: string;
  cause?: string;
  startedAt: string;
  endedAt: string;
  wallSeconds: number;
  cpuSeconds: number;
  peakMemoryMiB?: number;
  bytesOut: number;
  inputs: { bytes?: number; size?: number }[];
  metrics: Record<string, unknown>;
}

const looks: Look[] = [];
const startedAt = Date.now();
const child = spawn(process.execPath, [program, '--store', store, ...positionals], {
  stdio: 'inherit',
  env: { ...process.env, BATCH_PIPELINE_SCRATCH: scratch },
});
const timer = setInterval(() => looks.push(look(child.pid as number)), 500);
const code = await new Promise<number | null>((settle) => child.on('close', settle));
clearInterval(timer);
console.log(`${positionals.join(' ')}: exit code ${code}, load ${readFileSync('/proc/loadavg', 'utf8').trim()}`);
for (const attempt of attempts(join(store, 'v1')).filter((one) => Date.parse(one.startedAt) >= startedAt)) {
  console.log(JSON.stringify(summary(attempt)));
}

function summary(attempt: Attempt): Record<string, unknown> {
  const during = looks.filter(
    ({ at }) => at >= Date.parse(attempt.startedAt) && at <= Date.parse(attempt.endedAt) + 1000,
  );
  const most = (pick: (one: Look) => number): number => Math.round(Math.max(0, ...during.map(pick)) / 1_048_576);
  const inputBytes = attempt.inputs.reduce((sum, { bytes, size }) => sum + (bytes ?? size ?? 0), 0);
  return {
    step: attempt.step,
    sample: attempt.sample,
    state: attempt.cause ?? attempt.state,
    recordedPeakMiB: attempt.peakMemoryMiB,
    residentMiB: most(({ residentBytes }) => residentBytes),
    scratchMiB: most(({ scratchBytes }) => scratchBytes),
    inputsMiB: Math.round(inputBytes / 1_048_576),
    outputsMiB: Math.round(attempt.bytesOut / 1_048_576),
    cpuSeconds: Math.round(attempt.cpuSeconds),
    wallSeconds: Math.round(attempt.wallSeconds),
    metrics: attempt.metrics,
  };
}

function look(pid: number): Look {
  const tree = descendants(pid);
  const residentBytes = tree.reduce((sum, one) => sum + residentOf(one), 0);
  return { at: Date.now(), residentBytes, scratchBytes: bytesIn(scratch), processes: tree.length };
}

/** Without the command itself, which on other engines runs on a different machine than its tasks. */
function descendants(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(name);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found: number[] = [];
  for (const queue = [root]; queue.length > 0;) {
    const next = children.get(queue.pop() as number) ?? [];
    found.push(...next);
    queue.push(...next);
  }
  return found;
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function residentOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096;
  } catch {
    return 0;
  }
}

/** Linked inputs do not count: `inputsMiB` is what they would take if copied. */
function bytesIn(path: string): number {
  try {
    const stat = lstatSync(path);
    if (!stat.isDirectory()) return stat.nlink > 1 ? 0 : stat.blocks * 512;
    return readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name)), 0);
  } catch {
    return 0;
  }
}

function attempts(root: string): Attempt[] {
  return readdirSync(root)
    .map((pipeline) => join(root, pipeline, 'records'))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
    .filter((path) => path.endsWith('.json'))
    .map((path) => JSON.parse(readFileSync(path, 'utf8')) as Attempt)
    .toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
}
