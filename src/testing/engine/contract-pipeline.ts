import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { collect, defineParams, definePipeline, defineSamples, defineStep, StepFailure, z } from 'batch-pipeline';
import type { FailureCause, Shell } from 'batch-pipeline';

/*
 * Steps that need no tool and perform the commands in `deeds` below: `wait:go`, `fail-once:lost`. Each
 * leaves a file in a shared folder when it starts and when it ends: `first.S1.1.start`, `first.S1.1.end`.
 */
const samples = defineSamples({
  text: { file: 'Any text' },
  first: { value: z.string() },
  second: { value: z.string() },
});

const params = defineParams({
  folder: z.string().describe('Seen under the same path by tasks and test'),
  reference: z.string().default('').describe('What the reference step does'),
  gather: z.string().default('').describe('What the gather does'),
});

const resources = { cpus: 1, memory: '100 MB', scratch: '1 MB', time: '5m' } as const;

interface Actor {
  folder: string;
  /** `<step>.<sample>.<try>` */
  mark: string;
  attempt: number;
  $: Shell;
  signal: AbortSignal;
}

const LOOK_MS = 20;

const deeds: Readonly<Record<string, (what: string, actor: Actor) => Promise<unknown> | void>> = {
  /** Continues once this file is in the folder. */
  wait: async (file, { folder, signal }) => {
    while (!existsSync(join(folder, file))) await sleep(LOOK_MS, undefined, { signal });
  },
  /** Leaves the value of this variable of the runner in a file: `first.S1.1.NAME`. */
  note: (name, { folder, mark }) => writeFileSync(join(folder, `${mark}.${name}`), process.env[name] ?? ''),
  fail: (cause) => {
    throw new StepFailure((cause || 'tool') as FailureCause, `told to fail (${cause})`);
  },
  'fail-once': (cause, { attempt }) => {
    if (attempt === 1) throw new StepFailure(cause as FailureCause, 'told to fail once');
  },
  /** The runner exits silently. */
  die: () => process.kill(process.pid, 'SIGKILL') && undefined,
  'die-once': (_, { attempt }) => {
    if (attempt === 1) process.kill(process.pid, 'SIGKILL');
  },
  /** A tool that would go on for hours. */
  endless: async (_, { $ }) => $`sleep 10000`,
  /** Hears nothing, not even a signal: the event loop stands still. */
  deaf: () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  /** The runner has grown when the task has ended. */
  keep: (mebibytes) => void kept.push(Buffer.alloc(Number(mebibytes) * 1024 * 1024, 1)),
  /** Long enough for its memory to be looked at more than once. */
  linger: () => sleep(2500),
  allocate: async (mebibytes) => {
    const filled = Buffer.alloc(Number(mebibytes) * 1024 * 1024, 1);
    await sleep(3000);
    if (filled[1] !== 1) throw new Error('The memory was overwritten');
  },
};

/** What a step never lets go of. */
const kept: Buffer[] = [];

async function perform(
  words: string | undefined,
  { folder, task, $, signal }: { folder: string; task: string; $: Shell; signal: AbortSignal },
): Promise<void> {
  const attempt = nextTry(folder, task);
  const mark = `${task}.${attempt}`;
  writeFileSync(join(folder, `${mark}.start`), String(process.hrtime.bigint()));
  for (const word of (words ?? '').split(' ').filter(Boolean)) {
    const [deed = '', what = ''] = word.split(':');
    await deeds[deed]?.(what, { folder, mark, attempt, $, signal });
  }
  writeFileSync(join(folder, `${mark}.end`), String(process.hrtime.bigint()));
}

function nextTry(folder: string, task: string): number {
  let attempt = 1;
  while (existsSync(join(folder, `${task}.${attempt}.start`))) attempt += 1;
  return attempt;
}

const reference = defineStep({
  name: 'reference',
  scope: 'cohort',
  description: 'Before all samples',
  inputs: {},
  params: { folder: params.folder, deed: params.reference },
  outputs: { file: 'reference.txt' },
  resources,
  async run({ outputs, params: { folder, deed }, $, signal, sample }) {
    await perform(deed, { folder, task: `reference.${sample}`, $, signal });
    writeFileSync(outputs.file, 'reference\n');
  },
});

const first = defineStep({
  name: 'first',
  description: 'The first of each sample',
  inputs: { text: samples.text, deed: samples.first, reference: reference.outputs.file },
  params: { folder: params.folder },
  outputs: { text: '{sample}.first.txt' },
  resources,
  async run({ sample, inputs, outputs, params: { folder }, $, signal }) {
    await perform(inputs.deed, { folder, task: `first.${sample}`, $, signal });
    const parts = [inputs.reference, inputs.text].map((file) => readFileSync(file, 'utf8'));
    writeFileSync(outputs.text, `${parts.join('')}first ${sample}\n`);
  },
});

const second = defineStep({
  name: 'second',
  description: 'The second of each sample',
  inputs: { text: first.outputs.text, deed: samples.second },
  params: { folder: params.folder },
  outputs: { text: '{sample}.second.txt', same: 'same-name.txt' },
  resources,
  async run({ sample, inputs, outputs, params: { folder }, $, signal, log }) {
    log(`second of ${sample}`);
    await perform(inputs.deed, { folder, task: `second.${sample}`, $, signal });
    writeFileSync(outputs.text, `${readFileSync(inputs.text, 'utf8')}second ${sample}\n`);
    writeFileSync(outputs.same, `${sample}\n`);
  },
});

const gather = defineStep({
  name: 'gather',
  scope: 'cohort',
  description: 'After all samples',
  inputs: { texts: collect(second.outputs.text) },
  params: { folder: params.folder, deed: params.gather },
  outputs: { all: 'all.txt' },
  resources,
  async run({ sample, inputs, outputs, members, params: { folder, deed }, $, signal }) {
    await perform(deed, { folder, task: `gather.${sample}`, $, signal });
    const missing = members.flatMap((member) =>
      member.missing ? [`${member.sample}: ${member.missing.cause}\n`] : [],
    );
    writeFileSync(outputs.all, [...inputs.texts.map(({ path }) => readFileSync(path, 'utf8')), ...missing].join(''));
  },
});

export default definePipeline({
  name: 'contract',
  description: 'Performs the commands in the sample sheet',
  samples,
  params,
  steps: [reference, first, second, gather],
});
