import { z } from 'zod';
import { PipelineError } from '../../../src/errors.ts';
import type { FoundFusion } from './compare-with-truth.ts';

/**
 * The part of pizzly's JSON that names fusions. Neither README nor source describes a schema; this is what 0.37.3
 * writes.
 */
const PizzlyJson = z.object({
  genes: z.array(
    z.object({
      geneA: z.object({ name: z.string() }),
      geneB: z.object({ name: z.string() }),
      transcripts: z.array(
        z.object({
          transcriptA: z.object({ id: z.string(), endPos: z.number() }),
          transcriptB: z.object({ id: z.string(), startPos: z.number() }),
        }),
      ),
    }),
  ),
});

/** The fusions in a JSON file from pizzly. @throws PipelineError `pizzly-json` if it is not one. */
export function foundInPizzlyJson(text: string, where: string): FoundFusion[] {
  try {
    return PizzlyJson.parse(JSON.parse(text)).genes.map(({ geneA, geneB, transcripts }) => ({
      geneA: geneA.name,
      geneB: geneB.name,
      junctions: transcripts.map(({ transcriptA, transcriptB }) => ({
        transcriptA: transcriptA.id,
        endA: transcriptA.endPos,
        transcriptB: transcriptB.id,
        startB: transcriptB.startPos,
      })),
    }));
  } catch (cause) {
    throw new PipelineError({ code: 'pizzly-json', message: 'This is not a result of pizzly', where, cause });
  }
}
