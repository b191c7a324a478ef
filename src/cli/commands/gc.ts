import { type Deployment, readDeployment } from '../../ledger/deployment.ts';
import { definitionGarbage } from '../../gc/definition-garbage.ts';
import { findGarbage, type Found } from '../../gc/find-garbage.ts';
import { removeGarbage, sparedDefinitions } from '../../gc/remove-garbage.ts';
import type { BatchApi } from '../../engine/aws-batch/batch-api.ts';
import { ExitCode, PipelineError } from '../../errors.ts';
import { whileMarked } from '../../ledger/gc-mark.ts';
import type { Store } from '../../store/store.ts';
import { garbageText } from '../../views/garbage-text.ts';
import { notice, print, printJson } from '../print.ts';
import { commandWith, openSession, storeUrl } from '../session.ts';

export interface GcFlags {
  store?: string;
  json?: boolean;
  apply?: boolean;
  keepDays: string;
}

const PATIENCE_MS = 60_000;

/** `batch-pipeline gc`: shows what is no longer needed; with `--apply` removes it. */
export async function gcCommand(flags: GcFlags): Promise<ExitCode> {
  const keepDays = days(flags.keepDays);
  const { store } = await openSession(storeUrl(flags));
  const found = flags.apply
    ? await whileMarked(store, () =>
        look(store, keepDays, async (all, api) => ({
          ...all,
          ...(await removeGarbage(store, all, async (arn) => api?.deregisterDefinition(arn))),
        })),
      )
    : await look(store, keepDays, async (all) => all);
  tell(found, flags);
  return ExitCode.ok;
}

/** Finds everything, and does `work` with it while AWS can be asked. */
async function look(
  store: Store,
  keepDays: number,
  work: (found: Found, api: BatchApi | undefined) => Promise<Found>,
): Promise<Found> {
  const found = await findGarbage(store, { keepDays, now: Date.now() });
  const deployment = await readDeployment(store);
  if (!deployment?.jobRoleArn || found.runs.some(({ manifest }) => !manifest)) return work(found, undefined);
  const { openBatchApi } = await import('../../engine/aws-batch/batch-api.ts');
  const endpoint = process.env['BATCH_PIPELINE_BATCH_ENDPOINT'];
  const region = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? deployment.region;
  const api = openBatchApi({ region, endpoint, patienceMs: PATIENCE_MS });
  try {
    return await work(await withDefinitions(found, api, deployment), api);
  } finally {
    api.close();
  }
}

/** Who may not ask Batch can clear up the store all the same. */
async function withDefinitions(found: Found, api: BatchApi, deployment: Deployment): Promise<Found> {
  try {
    const definitions = await definitionGarbage(api, deployment, found.runs);
    return { ...found, garbage: [...found.garbage, ...definitions] };
  } catch (error) {
    return { ...found, spared: [...found.spared, sparedDefinitions(error)] };
  }
}

function tell({ garbage, spared }: Found, flags: GcFlags): void {
  if (flags.json) return printJson({ removed: flags.apply ?? false, garbage, spared });
  print(garbageText(garbage, spared));
  if (flags.apply) notice(garbage.length > 0 ? 'Removed.' : 'Nothing was removed.');
  else if (garbage.length > 0) notice(`Nothing was removed. next: ${commandWith(flags)} gc --apply`);
}

function days(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text)) return number;
  throw new PipelineError({
    code: 'flag-invalid',
    message: `"${text}" is no number of days`,
    where: '--keep-days',
    hint: 'Give a whole number: --keep-days 30',
  });
}
