import { readFile, writeFile } from 'node:fs/promises';
import { execa, ExecaError } from 'execa';
import { ExitCode, PipelineError } from '../../../src/errors.ts';
import { damage, type Defect } from './defects.ts';

/** Records passed to samtools at a time; a few hundred kB. */
const CHUNK = 1000;

export interface BamContent {
  header: string;
  records: Iterable<string>;
  /** Applied to the finished file. */
  defects?: readonly Defect[];
}

/**
 * Writes a coordinate-sorted BAM with samtools. The same records give the same bytes.
 * @throws PipelineError `tool-missing` without samtools, `demo-bam` if samtools fails.
 */
export async function writeBam(path: string, { header, records, defects = [] }: BamContent): Promise<void> {
  // --no-PG: the program line would hold paths of this machine.
  const args = ['sort', '--no-PG', '-O', 'bam', '-T', `${path}.sorting`, '-o', path, '-'];
  try {
    await execa('samtools', args, { stdin: chunks(header, records) });
  } catch (error) {
    throw samtoolsError(error, path);
  }
  if (defects.length > 0) await writeFile(path, damage(await readFile(path), defects));
}

function* chunks(header: string, records: Iterable<string>): Generator<string> {
  let chunk = [header];
  for (const record of records) {
    chunk.push(record);
    if (chunk.length < CHUNK) continue;
    yield chunk.join('');
    chunk = [];
  }
  yield chunk.join('');
}

function samtoolsError(error: unknown, path: string): unknown {
  if (!(error instanceof ExecaError)) return error;
  const missing = error.code === 'ENOENT';
  return new PipelineError({
    code: missing ? 'tool-missing' : 'demo-bam',
    message: missing ? 'samtools is not on PATH' : `samtools could not write the BAM: ${error.stderr}`.trim(),
    where: path,
    ...(missing ? { hint: 'Debian, Ubuntu: sudo apt-get install samtools. Conda: package samtools of bioconda.' } : {}),
    exitCode: ExitCode.environment,
    cause: error,
  });
}
