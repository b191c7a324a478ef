import { z } from 'zod';
import type { JobDocument } from '../record/manifest.ts';

/** A job and the engine's name for it. */
export interface SubmittedJob {
  job: JobDocument;
  jobId: string;
}

/** What `submitted/<job>.json` of a run holds. */
export const submittedNote = z.object({ jobId: z.string() });
