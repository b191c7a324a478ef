import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Resources of one command, including all its processes; memory is that of the largest process. */
export interface Measured {
  wallSeconds: number;
  cpuSeconds: number;
  memoryMiB: number;
  exitCode: number;
  output: string;
}

export interface MeasureOptions {
  cwd: string;
  environment?: Readonly<Record<string, string>>;
}

/** Runs a command under GNU time. */
export function measure(argv: readonly string[], { cwd, environment = {} }: MeasureOptions): Measured {
  const facts = factsFile();
  const startedAt = performance.now();
  const { status, stdout, stderr } = spawnSync(...underTime(facts, argv), {
    cwd,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return measured(facts, startedAt, status, stdout + stderr);
}

/** The same, while this process does other work, such as serving it. */
export async function measureBeside(
  argv: readonly string[],
  { cwd, environment = {} }: MeasureOptions,
): Promise<Measured> {
  const facts = factsFile();
  const startedAt = performance.now();
  const child = spawn(...underTime(facts, argv), { cwd, env: { ...process.env, ...environment } });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const status = await new Promise<number | null>((settle, fail) => child.on('close', settle).on('error', fail));
  return measured(facts, startedAt, status, Buffer.concat(chunks).toString());
}

function factsFile(): string {
  return join(mkdtempSync(join(tmpdir(), 'measure-')), 'time');
}

function underTime(facts: string, argv: readonly string[]): [string, string[]] {
  return ['/usr/bin/time', ['-f', '%U %S %M', '-o', facts, ...argv]];
}

function measured(facts: string, startedAt: number, status: number | null, output: string): Measured {
  const wallSeconds = (performance.now() - startedAt) / 1000;
  const [user = 0, system = 0, kib = 0] = (readFileSync(facts, 'utf8').trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map(Number);
  rmSync(dirname(facts), { recursive: true });
  return { wallSeconds, cpuSeconds: user + system, memoryMiB: kib / 1024, exitCode: status ?? -1, output };
}

/** The run with the median wall time; the first is dropped as a warm-up. */
export function median(runs: readonly Measured[]): Measured {
  const sorted = runs.toSorted((a, b) => a.wallSeconds - b.wallSeconds);
  return sorted[Math.floor(sorted.length / 2)] as Measured;
}

/** `12.34` with the significant digits only. */
export function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
