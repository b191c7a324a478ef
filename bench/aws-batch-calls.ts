/**
 * Calls to AWS of a pipeline of three steps and a gather, counted at the servers: an emulated Batch and a real S3 server.
 *
 *     node bench/aws-batch-calls.ts [SAMPLES…]      default: 10 100 1000 10000
 */
import { startAwsStack } from '../test/contract/aws-batch-stack.ts';
import { openCallLab } from '../test/e2e/aws-batch/call-lab.ts';
import type { Calls } from '../test/fixtures/call-counter.ts';

const given = process.argv.slice(2).map(Number);
const counts = given.length > 0 ? given : [10, 100, 1000, 10_000];

const stack = startAwsStack({ fake: 'manual' });
try {
  const columns: Map<string, Calls>[] = [];
  for (const count of counts) columns.push(await callsOf(count));
  print(columns);
} finally {
  stack.stop();
}

/** The life cycle of a run of this many samples, command by command. */
async function callsOf(count: number): Promise<Map<string, Calls>> {
  await stack.control('POST', 'wipe', {});
  const lab = await openCallLab(stack);
  const found = new Map<string, Calls>();
  const ask = async (what: string, code: number, ...args: string[]): Promise<void> => {
    const { result, calls } = await lab.counter.during(() => lab.command(...args, '--store', lab.store));
    if (result.code !== code) throw new Error(`${args.join(' ')}: ${result.stdout}${result.stderr}`);
    found.set(what, calls);
  };
  await ask('submit a first run', 0, ...lab.run, ...lab.cohort('one', count));
  await ask('refresh `status`', 4, 'status');
  await lab.endRun('needs-1');
  await ask('first `status` after its end', 1, 'status');
  await ask('submit a later run', 0, ...lab.run, ...lab.cohort('two', count));
  await ask('`cancel`', 0, 'cancel');
  await stack.control('POST', 'wipe', {});
  await ask('`status` when Batch has forgotten all', 1, 'status', 'needs-1');
  await ask('`retry` of the 1 % that failed', 0, 'retry', 'needs-1');
  await lab.counter.stop();
  return found;
}

function print(columns: readonly Map<string, Calls>[]): void {
  const row = (...cells: readonly (string | number)[]) => console.log(`| ${cells.join(' | ')} |`);
  row('calls to Batch + to S3, of', ...counts.map((count) => count.toLocaleString('en')), 'samples x 3 steps');
  row(...Array.from({ length: counts.length + 2 }, () => '---'));
  for (const what of columns[0]?.keys() ?? []) {
    const calls = columns.map((column) => column.get(what) ?? {});
    row(what, ...calls.map((one) => `${total(one, 'batch:')} + ${total(one, 's3:')}`), largest(calls.at(-1) ?? {}));
  }
}

function total(calls: Calls, service: string): number {
  return Object.entries(calls).reduce((sum, [action, count]) => sum + (action.startsWith(service) ? count : 0), 0);
}

/** The calls of the last column by name. */
function largest(calls: Calls): string {
  return Object.entries(calls)
    .filter(([action, count]) => /^(batch|s3):/.test(action) && count > 1)
    .toSorted(([, a], [, b]) => b - a)
    .map(([action, count]) => `${count} ${action.split(':')[1]}`)
    .join(', ');
}
