import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kallisto } from '../../../pipelines/fusion/kallisto.ts';
import { picard } from '../../../pipelines/fusion/picard.ts';
import { pizzly } from '../../../pipelines/fusion/pizzly.ts';
import { reference } from '../../../pipelines/fusion/reference.ts';
import { outputOf, runToEnd, type StepEnd } from './run-step.ts';
import { makeSpiked, naive, pizzlyInputs, type Spiked, temporaryFolder } from './spiked.ts';

const { path: folder, remove } = temporaryFolder();
let spiked: Spiked;
beforeAll(async () => {
  spiked = await makeSpiked(folder);
});
afterAll(remove);

/** Checksums of a step's outputs but its log, which has times in it. */
function sums({ outputs }: StepEnd): Record<string, string> {
  const files = Object.entries(outputs).filter(([name]) => name !== 'log');
  return Object.fromEntries(files.map(([name, path]) => [name, hash('sha256', readFileSync(path))]));
}

async function wholeChain(name: string): Promise<Record<string, Record<string, string>>> {
  const at = (step: string) => join(folder, name, step);
  const made = await runToEnd(reference, { folder: at('ref'), inputs: { fasta: spiked.fasta, gtf: spiked.gtf } });
  const converted = await runToEnd(picard, { folder: at('picard'), inputs: { bam: spiked.bam } });
  const quantified = await runToEnd(kallisto, {
    folder: at('kallisto'),
    inputs: {
      index: outputOf(made, 'index'),
      r1: outputOf(converted, 'r1'),
      r2: outputOf(converted, 'r2'),
      strandedness: 'reverse',
    },
    params: { bootstraps: 2 },
  });
  const called = await runToEnd(pizzly, { folder: at('pizzly'), inputs: pizzlyInputs(made, quantified) });
  return { reference: sums(made), picard: sums(converted), kallisto: sums(quantified), pizzly: sums(called) };
}

test('a second run anywhere else gives the same bytes, from the index to the tables', async () => {
  const first = await wholeChain('first');
  expect(Object.values(first).flatMap((files) => Object.keys(files))).toHaveLength(4 + 2 + 5 + 6);
  expect(await wholeChain('a/second')).toEqual(first);
});

describe('with several threads, which bootstraps=0 allows', () => {
  const quantify = (name: string) =>
    runToEnd(kallisto, {
      folder: join(folder, name),
      inputs: { index: outputOf(spiked.reference, 'index'), r1: spiked.r1, r2: spiked.r2, strandedness: undefined },
      params: { bootstraps: 0 },
      cpus: 4,
    });

  test('fusion.txt stays the same', async () => {
    const [first, second] = [await quantify('threads-1'), await quantify('threads-2')];
    expect(first.observed.tools.some(({ argv }) => argv.join(' ').includes('-t 4'))).toBe(true);
    expect(sums(second)['fusion']).toBe(sums(first)['fusion']);
  });

  test('it has the records that one thread gives, in another order', async () => {
    const index = outputOf(spiked.reference, 'index');
    const plain = join(folder, 'plain');
    await naive(['kallisto', 'quant', '-i', index, '-o', plain, '--fusion', spiked.r1, spiked.r2]);
    const lines = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');
    const sorted = lines(outputOf(await quantify('threads-3'), 'fusion'));
    expect(sorted.toSorted()).toEqual(lines(join(plain, 'fusion.txt')).toSorted());
    expect(sorted.slice(1)).toEqual(sorted.slice(1).toSorted((a, b) => (a < b ? -1 : 1)));
  });
});
