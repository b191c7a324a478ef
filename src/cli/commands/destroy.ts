import { createInterface } from 'node:readline/promises';
import { openCloud } from '../../deploy/cloud.ts';
import {
  deleteByHand,
  deleteImagesLater,
  destroy,
  type Destruction,
  IMAGES,
  MAX_COUNTED,
  planDestruction,
} from '../../deploy/destroy.ts';
import { ExitCode, PipelineError } from '../../errors.ts';
import { count } from '../../views/columns.ts';
import { destroyEventText } from '../../views/deploy-text.ts';
import { notice, printJson } from '../print.ts';

export interface DestroyFlags {
  store?: string;
  json?: boolean;
  stackName: string;
  region?: string;
  deleteData?: string[];
  yes?: boolean;
  force?: boolean;
}

/** `batch-pipeline destroy`: the stack is deleted, data only if they are named. */
export async function destroyCommand(flags: DestroyFlags): Promise<ExitCode> {
  const { stackName: stack, deleteData = [], force = false, store } = flags;
  const cloud = await openCloud({ region: flags.region, environment: process.env });
  const plan = await planDestruction(cloud, { stack, deleteData, force });
  await confirmData(plan, flags.yes);
  const onEvent = (event: Parameters<typeof destroyEventText>[0]) => notice(destroyEventText(event));
  const { removed, kept } = await destroy(cloud, plan, { store, onEvent });
  if (kept.bucket !== undefined) notice(`Bucket ${kept.bucket} is kept; to delete it: ${deleteByHand(kept.bucket)}`);
  if (kept.images) notice(`Images below ${stack}/ are kept; to delete them: ${deleteImagesLater(stack)}`);
  if (flags.json) printJson({ stack, removed, bucket: plan.bucket, repositories: plan.repositories });
  return ExitCode.ok;
}

async function confirmData({ bucket, objects, repositories }: Destruction, yes: boolean | undefined): Promise<void> {
  const many =
    objects >= MAX_COUNTED ? `${MAX_COUNTED.toLocaleString('en')} or more objects` : count(objects, 'object');
  if (bucket !== undefined) await confirm(`Bucket ${bucket} with ${many} will be deleted permanently.`, bucket, yes);
  if (repositories.length > 0)
    await confirm(`${repositories.join(', ')}: all images in them will be deleted permanently.`, IMAGES, yes);
}

/**
 * Asks on a terminal for a word that must be typed; without a terminal, `--yes` is required instead.
 * @throws PipelineError `not-confirmed`
 */
export async function confirm(question: string, word: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) throw notConfirmed(question, 'Give --yes where there is no terminal.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question}\nType "${word}" to do it: `);
    if (answer.trim() !== word) throw notConfirmed(question, 'Nothing was deleted.');
  } finally {
    terminal.close();
  }
}

function notConfirmed(question: string, hint: string): PipelineError {
  return new PipelineError({ code: 'not-confirmed', message: `Not confirmed: ${question}`, hint });
}
