/**
 * Time and memory of the command for large cohorts on AWS Batch: 10,000 samples through the life cycle of a run, and
 * how plan, submit and refresh grow to 100,000, which are ten arrays per step.
 *
 *     node bench/aws-batch-memory.ts [SAMPLES] [MORE]
 */
import { startAwsStack } from '../test/contract/aws-batch-stack.ts';
import { openCallLab } from '../test/e2e/aws-batch/call-lab.ts';
import { PROGRAM } from '../test/fixtures/cli.ts';
import { figure, type Measured, measureBeside } from './measure.ts';

const [count = 10_000, more = 100_000] = process.argv.slice(2).map(Number);

const stack = startAwsStack({ fake: 'manual' });
try {
  const small = await measureRun(count, true);
  const large = await measureRun(more, false);
  const title = ['CPU s', 'memory MB'].map((what) => `${count.toLocaleString('en')}: ${what}`).join(' | ');
  const title2 = ['CPU s', 'memory MB'].map((what) => `${more.toLocaleString('en')}: ${what}`).join(' | ');
  console.log(`| samples x 3 steps | ${title} | ${title2} | x CPU | x memory |\n|${' --- |'.repeat(7)}`);
  for (const [what, one] of small) {
    const other = large.get(what);
    const ratios = other ? [other.cpuSeconds / one.cpuSeconds, other.memoryMiB / one.memoryMiB].map(figure) : ['', ''];
    console.log(`| ${[what, ...cells(one), ...(other ? cells(other) : ['', '']), ...ratios].join(' | ')} |`);
  }
} finally {
  stack.stop();
}

async function measureRun(samples: number, toItsEnd: boolean): Promise<Map<string, Measured>> {
  await stack.control('POST', 'wipe', {});
  const lab = await openCallLab(stack);
  const found = new Map<string, Measured>();
  const ask = async (what: string, code: number, ...args: string[]): Promise<void> => {
    const argv = [process.execPath, PROGRAM, ...args, '--store', lab.store];
    const { AWS_ENDPOINT_URL_S3: _, ...environment } = lab.environment;
    const direct = { ...environment, AWS_ENDPOINT_URL_S3: stack.s3Endpoint };
    const measured = await measureBeside(argv, { cwd: lab.folder, environment: direct });
    if (measured.exitCode !== code) throw new Error(`${args.join(' ')}: ${measured.output}`);
    found.set(what, measured);
  };
  const cohort = lab.cohort('one', samples);
  await ask('`plan`', 0, ...lab.run.with(0, 'plan'), ...cohort);
  await ask('`run`, which submits', 0, ...lab.run, ...cohort);
  await ask('`status` while it runs', 4, 'status');
  if (toItsEnd) {
    await lab.endRun('needs-1');
    await ask('`status` after its end', 1, 'status');
    await ask('`status --json`', 1, 'status', '--json');
    await ask('`retry` of the 1 % that failed', 0, 'retry');
    await ask('`cancel` of that', 0, 'cancel');
  }
  await lab.counter.stop();
  return found;
}

function cells({ cpuSeconds, memoryMiB }: Measured): string[] {
  return [figure(cpuSeconds), figure(memoryMiB)];
}
