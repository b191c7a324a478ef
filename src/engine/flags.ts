import { PipelineError } from '../errors.ts';
import { parseSize } from '../pipeline/resources.ts';
import type { EngineFlag } from './provider.ts';

/** `--image`, which means the same to all engines that run images. */
export const IMAGE_FLAG = {
  value: 'image=uri',
  description: "the image to use for one of the pipeline's",
  repeatable: true,
} as const satisfies EngineFlag;

/** Of engines whose tasks leave their scratch folders where the user can look at them. */
export const KEEP_SCRATCH_FLAG = {
  description: 'keep the scratch folders of failed tasks, and print where they are',
  onRetry: true,
} as const satisfies EngineFlag;

/** Environment variable by which a runner is asked to keep the scratch folders of failed attempts. */
export const KEEP_SCRATCH_VARIABLE = 'BATCH_PIPELINE_KEEP_SCRATCH';

/** `maxRunning` as the user writes it: `--max-running`. */
export function longFlag(key: string): string {
  return `--${kebabCase(key)}`;
}

/** `maxRunning` to `max-running`. */
export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A whole number above 0. @throws PipelineError naming the flag */
export function positive(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new PipelineError({ code: 'flag-invalid', message: `"${text}" is not a whole number above 0`, where: flag });
}

/** `8GB` in MiB. @throws PipelineError naming the flag */
export function size(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const mebibytes = parseSize(text);
  if (mebibytes) return mebibytes;
  throw new PipelineError({
    code: 'flag-invalid',
    message: `"${text}" is not a size`,
    where: flag,
    hint: 'Write 8GB or 512MB.',
  });
}
