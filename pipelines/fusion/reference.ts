import { createHash } from 'node:crypto';
import { createReadStream, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ContextOf, defineStep } from '../../src/pipeline/step.ts';
import { type Annotation, readAnnotation } from './formats/annotation.ts';
import { blame } from './formats/bad-file.ts';
import { checkIndex } from './formats/kallisto-index.ts';
import { type NormalisedTranscripts, normaliseTranscripts } from './formats/normalise-transcripts.ts';
import type { ReferenceFacts } from './formats/reference-facts.ts';
import { type WrittenAnnotation, writeAnnotation } from './formats/write-annotation.ts';
import { referenceNeeds } from './needs.ts';
import { params } from './params.ts';
import { agreementRemarks, assertAgreement } from './reference-agreement.ts';
import { references } from './references.ts';
import { kallistoIndex } from './tools.ts';

/** Builds, once for all samples, an index and the annotation in the only form that pizzly reads correctly. */
export const reference = defineStep({
  name: 'reference',
  description: 'Checks and normalises transcripts and annotation, and builds the kallisto index',
  scope: 'cohort',
  version: '1',
  inputs: { fasta: references.fasta, gtf: references.gtf },
  params: { k: params.k },
  outputs: {
    index: 'transcripts.idx',
    fasta: 'transcripts.fa.gz',
    gtf: 'transcripts.gtf.gz',
    facts: 'reference.json',
  },
  resources: (sizes) => referenceNeeds(sizes.of(references.fasta)),
  tools: [kallistoIndex],
  image: 'images/kallisto',
  async run(context) {
    try {
      await build(context);
    } catch (error) {
      throw blame('input', 'reference', error);
    }
  },
});

type ReferenceContext = ContextOf<typeof reference>;

async function build(context: ReferenceContext): Promise<void> {
  const { inputs, outputs, params: settings, signal, log, metric, $, tool } = context;
  const annotation = await readAnnotation(inputs.gtf, { signal });
  const found = await normaliseTranscripts(inputs.fasta, annotation, outputs.fasta, { signal });
  assertAgreement(inputs.gtf, annotation, found);
  const written = await writeAnnotation(annotation, found.names, outputs.gtf);
  for (const remark of agreementRemarks(found, written)) log(remark);
  await $`${tool('kallisto')} index -k ${settings.k} -i ${outputs.index} ${outputs.fasta}`;
  const facts = await describe(context, { annotation, found, written });
  writeFileSync(outputs.facts, `${JSON.stringify(facts, null, 2)}\n`);
  metric('transcripts', written.transcripts);
  metric('genes', written.genes);
}

interface Made {
  annotation: Annotation;
  found: NormalisedTranscripts;
  written: WrittenAnnotation;
}

async function describe(context: ReferenceContext, made: Made): Promise<ReferenceFacts> {
  const { inputs, outputs, params: settings, check, $, tool } = context;
  const { annotation, found, written } = made;
  const index = checkIndex(outputs.index, { k: settings.k });
  check('sequences in the index', { expected: found.sequences, actual: index.targets ?? found.sequences });
  const { stdout } = await $({ quiet: true })`${tool('kallisto')} version`;
  return {
    version: 1,
    k: settings.k,
    kallisto: { version: /version (\S+)/.exec(stdout)?.[1] ?? 'unknown', indexFormat: index.version },
    sources: { fasta: await identify(inputs.fasta), gtf: await identify(inputs.gtf) },
    fasta: {
      sequences: found.sequences,
      bases: found.bases,
      renamed: found.renamed,
      unannotated: found.unannotated,
    },
    gtf: {
      ...written,
      repeatedRows: annotation.repeatedRows,
      otherLength: found.otherLength,
      withoutSequence: annotation.transcripts.size - written.transcripts,
    },
  };
}

async function identify(path: string): Promise<{ file: string; sha256: string }> {
  const sha256 = createHash('sha256');
  await pipeline(createReadStream(path), sha256);
  return { file: basename(path), sha256: sha256.digest('hex') };
}
