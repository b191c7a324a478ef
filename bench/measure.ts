import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What one command took, all its processes together; memory is that of the largest of them. */
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
  const facts = join(mkdtempSync(join(tmpdir(), 'measure-')), 'time');
  const startedAt = performance.now();
  const { status, stdout, stderr } = spawnSync('/usr/bin/time', ['-f', '%U %S %M', '-o', facts, ...argv], {
    cwd,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const wallSeconds = (performance.now() - startedAt) / 1000;
  const [user = 0, system = 0, kib = 0] = (readFileSync(facts, 'utf8').trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map(Number);
  return {
    wallSeconds,
    cpuSeconds: user + system,
    memoryMiB: kib / 1024,
    exitCode: status ?? -1,
    output: stdout + stderr,
  };
}

/** The run with the median wall time; the first is dropped as a warm-up. */
export function median(runs: readonly Measured[]): Measured {
  const sorted = runs.toSorted((a, b) => a.wallSeconds - b.wallSeconds);
  return sorted[Math.floor(sorted.length / 2)] as Measured;
}

/** `12.34` with as many digits as are worth reading. */
export function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
