import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readReferenceFacts } from '../../../pipelines/fusion/formats/reference-facts.ts';
import { pizzly } from '../../../pipelines/fusion/pizzly.ts';
import { reference } from '../../../pipelines/fusion/reference.ts';
import { outputOf, runStep, runToEnd, type StepEnd } from './run-step.ts';
import {
  callFusions,
  makeSpiked,
  naive,
  naivePizzly,
  pizzlyInputs,
  score,
  type Spiked,
  temporaryFolder,
} from './spiked.ts';

const { path: folder, remove } = temporaryFolder();
let spiked: Spiked;
let called: { kallisto: StepEnd; pizzly: StepEnd };
beforeAll(async () => {
  spiked = await makeSpiked(folder);
  called = await callFusions(join(folder, 'sound'), spiked.reference, spiked);
});
afterAll(remove);

const EXACT = { putIn: 3, found: 3, exact: 3, wrong: 0 };
const NOTHING = { putIn: 3, found: 0, exact: 0, wrong: 0 };

/** The original command on a `fusion.txt` and, unless said otherwise, the files as they were simulated. */
async function bare(
  name: string,
  fusion: string,
  files: { gtf?: string; flags?: string[]; env?: Record<string, string> } = {},
) {
  const prefix = join(folder, `${name}.naive`);
  const argv = naivePizzly({ gtf: files.gtf ?? spiked.gtf, fasta: spiked.fasta, prefix, fusion });
  const { exitCode } = await naive([...argv, ...(files.flags ?? [])], files.env ? { env: files.env } : {});
  return { exitCode, json: `${prefix}.json` };
}

function pizzlyArgv({ observed }: StepEnd): readonly string[] {
  return observed.tools.find(({ argv }) => argv.includes('--gtf'))?.argv ?? [];
}

test('finds all fusions and their exact junctions', () => {
  expect(called.pizzly.failure?.message).toBeUndefined();
  expect(score(spiked.sample, outputOf(called.pizzly, 'json'))).toEqual(EXACT);
  expect(called.pizzly.observed.checks.map(({ name, actual }) => `${name}: ${actual}`)).toMatchInlineSnapshot(`
    [
      "genes that pizzly read: 60",
      "transcripts that pizzly read: 85",
      "records that pizzly read: 45",
      "fused transcripts in FASTA and JSON: 5",
      "fused transcripts in FASTA and JSON: 5",
    ]
  `);
  expect(Object.keys(called.pizzly.outputs)).toHaveLength(7);
});

test('gives the same output as the original command, except for a field that pizzly does not set', async () => {
  const original = readFileSync((await bare('original', outputOf(called.kallisto, 'fusion'))).json, 'utf8');
  const ours = readFileSync(outputOf(called.pizzly, 'json'), 'utf8');
  const withoutDirections = (json: string): string => json.replace(/"direction" : "\w+"/g, '');
  expect(withoutDirections(ours)).toBe(withoutDirections(original));
});

describe('trap 5: a missing or unfinished fusion.txt', () => {
  const withFusion = (name: string, fusion: string) => {
    const inputs = { ...pizzlyInputs(spiked.reference, called.kallisto), fusion };
    return runStep(pizzly, { folder: join(folder, name), inputs });
  };

  test.each([
    ['an empty file', 'empty', () => '', 'is empty, not even its header is there'],
    [
      'a lost header',
      'headless',
      (text: string) => text.slice(text.indexOf('\n') + 1),
      'is no fusion.txt: its header is missing',
    ],
    ['a lost end', 'cut', (text: string) => text.slice(0, -30), 'is incomplete: line'],
    ['a lost last line end', 'unended', (text: string) => text.slice(0, -1), 'ends in the middle of a line'],
  ])('%s: pizzly reports success', async (_, name, change, problem) => {
    const fusion = join(folder, `${name}.txt`);
    writeFileSync(fusion, change(readFileSync(outputOf(called.kallisto, 'fusion'), 'utf8')));
    expect((await bare(name, fusion)).exitCode).toBe(0);
    const { failure } = await withFusion(name, fusion);
    expect(failure?.reason).toBe('check');
    expect(failure?.message).toContain(`S1: ${name}.txt ${problem}`);
  });

  test('pizzly even reports success without an input file or output folder', async () => {
    const missing = await bare('missing', join(folder, 'nowhere.txt'));
    expect([missing.exitCode, score(spiked.sample, missing.json)]).toEqual([0, NOTHING]);
    const unwritten = await bare('no/such/folder', outputOf(called.kallisto, 'fusion'));
    expect([unwritten.exitCode, existsSync(unwritten.json)]).toEqual([0, false]);
  });

  test('a sample without candidate reads has results, without fusions', async () => {
    const fusion = join(folder, 'header.txt');
    writeFileSync(fusion, `${readFileSync(outputOf(called.kallisto, 'fusion'), 'utf8').split('\n')[0]}\n`);
    const end = await withFusion('header', fusion);
    expect(end.failure).toBeUndefined();
    expect(score(spiked.sample, outputOf(end, 'json'))).toEqual(NOTHING);
    expect(readFileSync(outputOf(end, 'table'), 'utf8')).toBe(
      'geneA.name\tgeneA.id\tgeneB.name\tgeneB.id\tpaircount\tsplitcount\ttranscripts.list\n',
    );
  });
});

describe('trap 7: numbers that pizzly does not initialise', () => {
  test('both are always passed', () => {
    expect(pizzlyArgv(called.pizzly).join(' ')).toContain('--align-score 2 --insert-size 400');
  });

  test('insertSize=auto uses what kallisto measured', async () => {
    const inputs = pizzlyInputs(spiked.reference, called.kallisto);
    const end = await runToEnd(pizzly, { folder: join(folder, 'auto'), inputs, params: { insertSize: 'auto' } });
    const { longest } = JSON.parse(readFileSync(inputs['fragments'] as string, 'utf8')) as { longest: number };
    expect(pizzlyArgv(end)).toContain(String(longest));
    expect(longest).toBeGreaterThan(280);
    expect(score(spiked.sample, outputOf(end, 'json'))).toEqual(EXACT);
  });
});

describe('trap 8: pizzly phones home', () => {
  /** A wget that only notes that it was called, so that the test needs no network and leaves no trace outside. */
  function watchedWget(name: string) {
    const home = join(folder, name);
    mkdirSync(home, { recursive: true });
    const notes = join(home, 'called');
    writeFileSync(join(home, 'wget'), `#!/bin/sh\necho "$@" >> '${notes}'\n`, { mode: 0o755 });
    return { home, notes, env: { HOME: home, PATH: `${home}:${process.env['PATH']}` } };
  }

  test('the original command does, and writes into the home folder', async () => {
    const { env, notes, home } = watchedWget('home-naive');
    const argv = naivePizzly({ ...spiked, prefix: join(home, 'out'), fusion: outputOf(called.kallisto, 'fusion') });
    await naive(
      argv.filter((word) => word !== '--version-check' && word !== 'OFF'),
      { env },
    );
    await expect.poll(() => existsSync(notes), { timeout: 20_000 }).toBe(true);
    expect(existsSync(join(home, '.config', 'seqan'))).toBe(true);
  });

  test('the step does not', () => {
    expect(pizzlyArgv(called.pizzly).join(' ')).toContain('--version-check OFF');
    expect(existsSync(join(folder, 'sound', 'pizzly', '.config'))).toBe(false);
  });
});

describe('trap 9: a truncated cache', () => {
  test('silently means fewer fusions', async () => {
    const cache = join(folder, 'cache.txt');
    const fusion = outputOf(called.kallisto, 'fusion');
    expect(score(spiked.sample, (await bare('cached', fusion, { flags: ['--cache', cache] })).json)).toEqual(EXACT);
    const whole = readFileSync(cache, 'utf8');
    writeFileSync(cache, whole.slice(0, whole.length / 2));
    const half = await bare('half', fusion, { flags: ['--cache', cache] });
    expect(half.exitCode).toBe(0);
    expect(score(spiked.sample, half.json).found).toBeLessThan(3);
  });

  test('the step uses no cache', () => {
    expect(pizzlyArgv(called.pizzly)).not.toContain('--cache');
  });
});

describe('trap 10: exons of the minus strand in genomic order', () => {
  /** What `gffread -T` and others write: all exons ascending. */
  function ascending(gtf: string): string {
    const start = (row: string): number => Number(row.split('\t')[3]);
    return gtf.replace(
      /(?:^.*\texon\t.*\n)+/gm,
      (rows) =>
        `${rows
          .trimEnd()
          .split('\n')
          .toSorted((a, b) => start(a) - start(b))
          .join('\n')}\n`,
    );
  }

  test('gives wrong junctions, and the right ones after `reference`', async () => {
    const gtf = join(folder, 'ascending.gtf');
    writeFileSync(gtf, ascending(readFileSync(spiked.gtf, 'utf8')));
    const naively = await bare('ascending', outputOf(called.kallisto, 'fusion'), { gtf });
    expect(naively.exitCode).toBe(0);
    expect(score(spiked.sample, naively.json).exact).toBeLessThan(3);

    const made = await runToEnd(reference, { folder: join(folder, 'ref'), inputs: { fasta: spiked.fasta, gtf } });
    const { pizzly: end } = await callFusions(join(folder, 'ordered'), made, spiked);
    expect(score(spiked.sample, outputOf(end, 'json'))).toEqual(EXACT);
    expect(readReferenceFacts(outputOf(made, 'facts')).gtf.reordered).toBeGreaterThan(20);
    expect(readFileSync(outputOf(made, 'gtf')).equals(readFileSync(outputOf(spiked.reference, 'gtf')))).toBe(true);
  });
});
