import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { MemoryWatch, takenMiB, taskMemory } from '../../../src/engine/local/task-memory.ts';

test('a runner’s base memory is free, and earlier growth is not charged', () => {
  expect(takenMiB({ tools: 0, runner: 60 }, 0)).toBe(0);
  expect(takenMiB({ tools: 10.4, runner: 150 }, 0)).toBe(10);
  expect(takenMiB({ tools: 10, runner: 750 }, 0)).toBe(610);
  expect(takenMiB({ tools: 10, runner: 750 }, 700)).toBe(60);
});

test('a task is ended at the second consecutive sample over its limit, and killed if that fails', () => {
  const watch = new MemoryWatch();
  const looks = [true, false, true, true, true, true].map((isOver, at) => watch.look(isOver, 2000 * at));
  expect(looks).toEqual(['leave', 'leave', 'leave', 'end', 'leave', 'leave']);
  expect(watch.look(true, 11_000)).toBe('kill');
});

/** Allocates memory, then forks a child that shares all of it, and reports it. */
const SHARING = `
my $memory = 'x' x (100 * 1024 * 1024);
if (fork() == 0) { $| = 1; print "ready\\n"; sleep 600 }
sleep 600;
`;

test('memory shared by tools counts once, and all descendants count', async () => {
  const child = spawn('bash', ['-c', 'perl -e "$0" & wait', SHARING], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void process.kill(-(child.pid ?? 0), 'SIGKILL'));
  await once(child.stdout, 'data');
  // In doubt, pages are shared out; far below the limit it is not worth the look.
  const exact = taskMemory(process.pid, 0);
  const plain = taskMemory(process.pid, 10_000);
  expect(exact.tools).toBeGreaterThan(100);
  expect(plain.tools).toBeGreaterThan(1.5 * exact.tools);
  expect(exact.runner).toBeGreaterThan(10);
});
