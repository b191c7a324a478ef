import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Paths in a folder to content. */
export type Files = Readonly<Record<string, string>>;

/** What `tell-codes.ts` found of one folder. */
export interface Told {
  codes?: Record<string, string>;
  errors?: string[];
}

/** Writes every set of files into its own folder, and asks one process for the codes of all. */
export function tellCodes(folders: readonly Files[]): Told[] {
  const root = mkdtempSync(join(tmpdir(), 'step-code-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const paths = folders.map((files, i) => writeFolder(join(root, String(i)), files));
  const argv = [join(import.meta.dirname, '../../fixtures/tell-codes.ts'), ...paths];
  const lines = execFileSync(process.execPath, argv, { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Told);
}

function writeFolder(folder: string, files: Files): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return folder;
}

/** The steps whose code differs between two tellings. */
export function changedSteps(before: Told, after: Told): string[] {
  const names = Object.keys({ ...before.codes, ...after.codes });
  return names.filter((name) => before.codes?.[name] !== after.codes?.[name]).toSorted();
}

/** The fields of a step that are the same in all of these pipelines. */
export const REST = `description: 'd', inputs: { text: samples.txt }, outputs: { out: '{sample}.out' },
  resources: { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '5m' },`;

/** A pipeline of the steps `one` and `two`: `head` above them, and what their `run` does. */
export function twoSteps(head: string, one: string, two = '', files: readonly string[] = []): string {
  return `import { definePipeline, defineSamples, defineStep } from 'batch-pipeline';
${head}
const samples = defineSamples({ txt: { file: 'text' } });
const one = defineStep({ name: 'one', ${REST} files: ${JSON.stringify(files)},
  async run({ inputs, outputs, files, $ }) {
    ${one}
  },
});
const two = defineStep({ name: 'two', ${REST}
  async run({ inputs, outputs, $ }) {
    ${two}
  },
});
export default definePipeline({ name: 'p', description: 'd', samples, steps: [one, two] });
`;
}

/** A pipeline whose steps the code given makes: an array called \`steps\`. */
export function madeSteps(code: string): string {
  return `import { definePipeline, defineSamples, defineStep } from 'batch-pipeline';
const samples = defineSamples({ txt: { file: 'text' } });
${code}
export default definePipeline({ name: 'p', description: 'd', samples, steps });
`;
}
