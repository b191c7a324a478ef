/**
 * Size of the bundle, and where the time goes from `podman run` to the first tool of a task, in the base image, beside
 * the least that it could be: the same image that runs `true`, and one Node that fetches the same object.
 *
 *     node bench/cold-start/cold-start.ts [ROUNDS]
 */
import { strFromU8, unzipSync } from 'fflate';
import { buildBundle } from '../../src/deploy/bundle.ts';
import { figure } from '../measure.ts';
import { openStartLab, type Started, type StartLab } from './start-lab.ts';

const RUNNER = 'runner.mjs';
const rounds = Number(process.argv[2] ?? 7);
const BARE_FETCH =
  "require('fs').writeFileSync('/tmp/b', Buffer.from(await (await fetch(process.argv[1])).arrayBuffer()))";

await sizes();
const lab = await openStartLab(rounds);
try {
  await times(lab);
} finally {
  await lab.stop();
}

async function sizes(): Promise<void> {
  const { bytes } = await buildBundle();
  const files = unzipSync(bytes);
  const unpacked = Object.values(files).reduce((sum, { length }) => sum + length, 0);
  const own = strFromU8(files['runner.mjs'] ?? new Uint8Array()).length;
  console.log(`bundle of fusion: ${megabytes(bytes.length)} as a zip, ${megabytes(unpacked)} unpacked`);
  console.log(`in ${Object.keys(files).length} files, of which the program itself has ${own} bytes\n`);
}

async function times({ start, task, bundleUrl }: StartLab): Promise<void> {
  const phases: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round += 1) {
    const bare = await start(['--entrypoint=true'], []);
    note(phases, 'reference: podman run, `true`, and gone again', bare.wallSeconds * 1000);
    const bareNode = ['--input-type=commonjs', '--require=/bench/mark.cjs', '-e', wrapped(BARE_FETCH), bundleUrl];
    const fetched = await start(['--entrypoint=node'], bareNode);
    note(phases, 'reference: the same with a bare Node that fetches the bundle', fetched.wallSeconds * 1000);
    note(phases, 'processor time of that bare Node', fetched.marks.get('bare:cpu') ?? Number.NaN);
    const marked = { ...task(round), NODE_OPTIONS: '--require=/bench/mark.cjs' };
    for (const [phase, ms] of phasesOf(await start([], [RUNNER], marked))) note(phases, phase, ms);
  }
  console.log('| ms | median | least |\n| --- | --- | --- |');
  for (const [phase, values] of Object.entries(phases))
    console.log(`| ${phase} | ${figure(median(values))} | ${figure(Math.min(...values))} |`);
}

function phasesOf({ startedAt, marks, requests }: Started): [string, number][] {
  const at = (what: string) => marks.get(what) ?? Number.NaN;
  const bundle = requests.filter(({ url }) => url.includes('/bundles/'));
  const runner = requests.filter(({ at: when, url }) => when >= at(RUNNER) && !url.includes('/bundles/'));
  const points: [string, number][] = [
    ['container start, until Node runs', at('fetch-and-run.mjs')],
    ['Fetch & Run loads, until it has asked S3', bundle[0]?.at ?? Number.NaN],
    ['fetch', bundle.at(-1)?.at ?? Number.NaN],
    ['verify, unzip, start of the second Node', at(RUNNER)],
    ['runner loads, until it has asked S3', runner[0]?.at ?? Number.NaN],
    ['documents and staging, until the tool runs', at('tool')],
  ];
  const spans = points.map(([phase, end], i): [string, number] => [phase, end - (points[i - 1]?.[1] ?? startedAt)]);
  return [
    ...spans,
    ['**from Node running to the first tool**', at('tool') - at('fetch-and-run.mjs')],
    ['processor time of Fetch & Run, all of it', at('fetch-and-run.mjs:cpu')],
    ['processor time of the runner, all of it', at('runner.mjs:cpu')],
  ];
}

function wrapped(code: string): string {
  return `(async () => { ${code} })()`;
}

function note(phases: Record<string, number[]>, phase: string, ms: number): void {
  (phases[phase] ??= []).push(ms);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
