import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { runCli } from '../../fixtures/cli.ts';
import { told } from '../../fixtures/told.ts';
import { addFiles, LETTERS, TWO_TEXTS, workFolder } from '../../fixtures/work-folder.ts';
import { refusal } from './refusal.ts';

/** `run letters` over two samples, with these flags. */
function run(...flags: string[]): Promise<string> {
  return refusal(['run', LETTERS, '-s', 'S1,S2', '--inputs', 'in', ...flags], TWO_TEXTS);
}

test('unknown commands, flags and surplus arguments, with the nearest match', async () => {
  expect(await refusal(['rum'], {})).toMatchInlineSnapshot(`
    "exit 2
    error: unknown command 'rum'
    (Did you mean run?)
    (--help shows the flags)"
  `);
  expect(await run('--sampels', 'x')).toMatchInlineSnapshot(`
    "exit 2
    error: unknown option '--sampels'
    (Did you mean --samples?)
    (--help shows the flags)"
  `);
  expect(await run('more', 'words')).toMatchInlineSnapshot(`
    "exit 2
    error: too many arguments for 'run'. Expected 1 argument but got 3: <project>/test/fixtures/pipelines/letters.ts, more, words.
    (--help shows the flags)"
  `);
  expect(await refusal(['logs'], {})).toMatchInlineSnapshot(`
    "exit 2
    error: missing required argument 'sample'
    (--help shows the flags)"
  `);
  expect(await refusal(['reference', 'biuld'], {})).toMatchInlineSnapshot(`
    "exit 2
    error: unknown command 'biuld'
    (Did you mean build?)
    (--help shows the flags)"
  `);
  expect(await refusal(['completion', 'tcsh'], {})).toMatchInlineSnapshot(`
    "exit 2
    error: There is no completion for "tcsh"
      -> Shells: bash, zsh, fish."
  `);
});

test('unknown params, with the nearest match', async () => {
  expect(await run('-p', 'copeis=2')).toMatchInlineSnapshot(`
    "exit 2
    error: -p copeis=2: There is no param "copeis"
      -> Did you mean "copies"? Params: ending, copies, loud, unused."
  `);
  expect(await run('-p', 'copies')).toMatchInlineSnapshot(`
    "exit 2
    error: -p: "copies" is not NAME=VALUE"
  `);
});

test('params of a wrong type, all at once', async () => {
  expect(await run('-p', 'copies=many', '-p', 'loud=maybe', '-p', 'k=31')).toMatchInlineSnapshot(`
    "exit 2
    error: -p k=31: There is no param "k"
      -> Did you mean "loud"? Params: ending, copies, loud, unused.
    error: -p copies=many: Param "copies" cannot be "many": Invalid input: expected number, received string
      -> Write -p copies=VALUE.
    error: -p loud=maybe: Param "loud" cannot be "maybe": Invalid input: expected boolean, received string
      -> Write -p loud=VALUE."
  `);
  expect(await run('-p', 'copies=0')).toMatchInlineSnapshot(`
    "exit 2
    error: -p copies=0: Param "copies" cannot be "0": Too small: expected number to be >0
      -> Write -p copies=VALUE."
  `);
  expect(await run('-p', 'copies=1.5')).toMatchInlineSnapshot(`
    "exit 2
    error: -p copies=1.5: Param "copies" cannot be "1.5": Invalid input: expected int, received number
      -> Write -p copies=VALUE."
  `);
});

test('params files that are missing, not YAML, or of the wrong shape', async () => {
  const withFile = (text: string) =>
    refusal(['run', LETTERS, '-s', 'S1', '--inputs', 'in', '--params-file', 'p.yaml'], {
      ...TWO_TEXTS,
      'p.yaml': text,
    });
  expect(await run('--params-file', 'nowhere.yaml')).toMatchInlineSnapshot(`
    "exit 2
    error: nowhere.yaml: There is no such params file
      -> Write one "name: value" a line."
  `);
  expect(await withFile('copies: 2\nending: [1\n')).toMatchInlineSnapshot(`
    "exit 2
    error: p.yaml:3:1: The params file is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]
      -> Write one "name: value" a line."
  `);
  expect(await withFile('- copies\n')).toMatchInlineSnapshot(`
    "exit 2
    error: p.yaml: The params file holds no "name: value" lines
      -> Write one "name: value" a line."
  `);
  expect(await withFile('copies: 2\ncopies: 3\n')).toMatchInlineSnapshot(`
    "exit 2
    error: p.yaml:2:1: The params file is not valid YAML: Map keys must be unique
      -> Write one "name: value" a line."
  `);
  expect(await withFile('{"copies": "2 or 3", "endign": ""}')).toMatchInlineSnapshot(`
    "exit 2
    error: p.yaml: There is no param "endign"
      -> Did you mean "ending"? Params: ending, copies, loud, unused.
    error: p.yaml: Param "copies" cannot be "2 or 3": Invalid input: expected number, received string
      -> Write -p copies=VALUE."
  `);
});

test('unknown steps and settings, with the nearest match', async () => {
  expect(await run('--set', 'sortd.memory=1GB')).toMatchInlineSnapshot(`
    "exit 2
    error: --set sortd.memory=1GB: There is no step "sortd"
      -> Did you mean "sorted"?"
  `);
  expect(await run('--set', 'sorted.memroy=1GB')).toMatchInlineSnapshot(`
    "exit 2
    error: --set sorted.memroy=1GB: A step has no "memroy"
      -> Did you mean "memory"?"
  `);
  expect(await run('--set', 'sorted.memory=lots')).toMatchInlineSnapshot(`
    "exit 2
    error: --set sorted.memory=lots: "lots" is not a value for memory
      -> Write cpus=2, memory=8GB, scratch=50GB or time=4h."
  `);
  expect(await run('--set', 'sorted.cpus=0')).toMatchInlineSnapshot(`
    "exit 2
    error: --set sorted.cpus=0: "0" is not a value for cpus
      -> Write cpus=2, memory=8GB, scratch=50GB or time=4h."
  `);
  expect(await run('--set', 'sorted.time=0s')).toMatchInlineSnapshot(`
    "exit 2
    error: --set sorted.time=0s: "0s" is not a value for time
      -> Write cpus=2, memory=8GB, scratch=50GB or time=4h."
  `);
  expect(await run('--set', 'sorted')).toMatchInlineSnapshot(`
    "exit 2
    error: --set sorted: "sorted" is not STEP.NAME=VALUE
      -> Write it as align.memory=8GB."
  `);
});

test('unknown engines, and flags that an engine would have to ignore', async () => {
  expect(await run('--engine', 'loca')).toContain(
    'error: There is no engine "loca"\n  -> Did you mean "local"? Engines: ',
  );
  expect(await run('--queue', 'big')).toMatchInlineSnapshot(`
    "exit 2
    error: --queue: The local engine has no use for --queue
      -> Omit --queue, or choose another --engine."
  `);
  expect(await run('--cpus', 'two')).toMatchInlineSnapshot(`
    "exit 2
    error: --cpus: "two" is not a whole number above 0"
  `);
  expect(await run('--memory', 'all')).toMatchInlineSnapshot(`
    "exit 2
    error: --memory: "all" is not a size
      -> Write 8GB or 512MB."
  `);
});

test('references that the pipeline does not declare, or that do not exist', async () => {
  expect(await run('--reference-file', 'fasta=in/S1.txt')).toMatchInlineSnapshot(`
    "exit 2
    error: --reference-file: Pipeline letters has no reference "fasta"
      -> It needs none."
  `);
  expect(await run('--reference', 'GRCh38')).toMatchInlineSnapshot(`
    "exit 2
    error: The store file://<folder>/batch-pipeline-store has no reference "GRCh38"
      -> Build it once: batch-pipeline reference build GRCh38 --reference-file NAME=PATH …"
  `);
  const fusion = (...flags: string[]) => refusal(['plan', 'fusion', '-s', 'S1', ...flags], { 'S1.bam': 'x' });
  expect(await fusion('--reference-file', 'fata=S1.bam')).toMatchInlineSnapshot(`
    "exit 2
    error: --reference-file: Pipeline fusion has no reference "fata"
      -> Did you mean "fasta"? References: fasta, gtf."
  `);
  expect(await fusion('--reference-file', 'fasta=nowhere.fa', '--reference-file', 'gtf=nowhere.gtf'))
    .toMatchInlineSnapshot(`
    "exit 2
    error: Reference file fasta: nowhere.fa: there is no such file
      -> Check the path.
    error: Reference file gtf: nowhere.gtf: there is no such file
      -> Check the path."
  `);
});

test('a run without the references that its final steps need is refused', async () => {
  expect(await refusal(['run', 'fusion', '-s', 'S1'], { 'S1.bam': 'x' })).toMatchInlineSnapshot(`
    "exit 2
    error: Step reference needs the reference "fasta"
      -> Give it with --reference-file fasta=PATH, or a named one with --reference NAME.
    error: Step reference needs the reference "gtf"
      -> Give it with --reference-file gtf=PATH, or a named one with --reference NAME."
  `);
});

test('run names that cannot be part of keys', async () => {
  expect(await run('--pipeline-name', '../mine')).toMatchInlineSnapshot(`
    "exit 2
    error: --pipeline-name: "../mine" is not a valid name
      -> Use letters, digits and "-", starting with a letter, at most 32."
  `);
});

test('more cpus or memory than the machine has', async () => {
  const needs = await run('--set', 'sorted.cpus=5000', '--set', 'marked.memory=900TB');
  expect(
    needs.replaceAll(new RegExp(`\\b${availableParallelism()}\\b`, 'g'), '<cpus>').replaceAll(/\d+ ?MB$/gm, '<memory>'),
  ).toMatchInlineSnapshot(`
    "exit 3
    error: Step sorted asks for 5000 cpus, this machine has <cpus>
      -> Give the step less: --set sorted.cpus=<cpus>
    error: Step marked asks for 943718400 MB of memory, this machine has <memory>
      -> Give the step less: --set marked.memory=<memory>"
  `);
  expect(await run('--cpus', '1', '--set', 'sorted.cpus=2')).toMatchInlineSnapshot(`
    "exit 3
    error: Step sorted asks for 2 cpus, this machine has 1
      -> Give the step less: --set sorted.cpus=1"
  `);
});

test('unknown runs, samples and steps, with the known ones', async () => {
  const folder = workFolder(TWO_TEXTS);
  const ask = async (...args: string[]) => told(await runCli(args, { cwd: folder }), folder);
  expect(await ask('status')).toMatchInlineSnapshot(`
    "exit 2
    error: The store file://<folder>/batch-pipeline-store has no run yet
      -> Start one with "batch-pipeline run", or name another store with --store."
  `);
  await runCli(['run', LETTERS, '-s', 'in/*.txt'], { cwd: folder });
  expect(await ask('status', 'letters-7')).toMatchInlineSnapshot(`
    "exit 2
    error: There is no run "letters-7"
      -> The last ones: letters-1."
  `);
  for (const name of ['', '..', '../letters-1', 'a/b']) {
    expect(await ask('status', name)).toBe(`exit 2\nerror: There is no run "${name}"\n  -> The last ones: letters-1.`);
  }
  expect(await ask('logs', 'S3')).toMatchInlineSnapshot(`
    "exit 2
    error: Run letters-1 has no sample "S3"
      -> Did you mean "S1"?"
  `);
  expect(await ask('logs', 'S1', 'mraked')).toMatchInlineSnapshot(`
    "exit 2
    error: There is no step "mraked"
      -> Steps: sorted, marked."
  `);
  expect(await ask('results', '--step', 'mraked')).toMatchInlineSnapshot(`
    "exit 2
    error: There is no step "mraked"
      -> Steps: sorted, marked, table."
  `);
  expect(await ask('retry', 'letters-7')).toMatchInlineSnapshot(`
    "exit 2
    error: There is no run "letters-7"
      -> The last ones: letters-1."
  `);
  expect(await ask('cancel', 'letters-7')).toMatchInlineSnapshot(`
    "exit 2
    error: There is no run "letters-7"
      -> The last ones: letters-1."
  `);
  expect(await ask('reference', 'check', 'GRCh38')).toMatchInlineSnapshot(`
    "exit 2
    error: The store file://<folder>/batch-pipeline-store has no reference "GRCh38"
      -> Build it once: batch-pipeline reference build GRCh38 --reference-file NAME=PATH …"
  `);
});

test('an unknown column is reported, and does no harm', async () => {
  const folder = workFolder(TWO_TEXTS);
  addFiles(folder, { 'sheet.csv': 'sample,txt,sx\nS1,in/S1.txt,f\n' });
  const result = await runCli(['plan', LETTERS, '-s', 'sheet.csv'], { cwd: folder });
  expect(result.code).toBe(0);
  expect(result.stderr).toMatchInlineSnapshot(`
    "warning: sheet.csv: this pipeline does not use column "sx" (the nearest known column is "sex")
    "
  `);
});
