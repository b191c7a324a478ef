import { deepEqual, equal } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { matches } from '../contract-case.ts';
import { type EngineLab, openLab, statesOf, type EnginePromise } from './engine-lab.ts';
import { openLocalHarness } from './local-harness.ts';

const SAMPLES = { S1: {}, S2: {}, S3: { first: 'fail' }, 'S4.1_x-y': {}, S5: { second: 'fail' } };

/** What is left when an engine was stopped, or let go, or is done. */
export const afterwardsPromises: readonly EnginePromise[] = [
  {
    name: 'cancels for good: nothing runs afterwards, and the records say why',
    holds: async (lab) => {
      const samples = { S1: { first: 'wait:go' }, S2: { first: 'wait:go' }, S3: { first: 'wait:go' }, S4: {} };
      const run = await lab.start(samples, { attempts: 3 });
      await lab.happened('first.S1.1.start');
      await lab.happened('second.S4.1.end');
      await lab.engine.cancel(run.jobIds, 'The test wants it');
      const statuses = await lab.engine.poll(run.jobIds);
      deepEqual(
        statuses.map(({ counts }) => counts.running + counts.starting + counts.runnable + counts.pending),
        run.jobIds.map(() => 0),
      );
      const started = lab.marks('start');
      lab.release('go');
      const { table } = await run.over();
      deepEqual(lab.marks('start'), started);
      deepEqual(
        lab.marks('end').filter((mark) => /^first\.S[123]/.test(mark)),
        [],
      );
      equal(statesOf(table)['S1']?.[0], 'failed: cancelled');
      // What had not started may say the same, or nothing.
      const others = [...(statesOf(table)['S2'] ?? []), ...(statesOf(table)['S3'] ?? [])];
      deepEqual(
        others.filter((state) => !/^(failed: cancelled|upstream-failed|waiting)$/.test(state)),
        [],
      );
      deepEqual(statesOf(table)['S4'], ['succeeded', 'succeeded']);
      await lab.engine.cancel(run.jobIds, 'once more');
    },
  },

  {
    name: 'makes the same bytes as the local engine',
    holds: async (lab) => {
      const here = await publishedBy(lab);
      const folder = mkdtempSync(join(tmpdir(), 'engine-reference-'));
      const local = openLocalHarness(folder);
      try {
        deepEqual(here, await publishedBy(openLab(local)));
      } finally {
        await local.close();
        rmSync(folder, { recursive: true });
      }
      // The reference, four of five samples' first files, three samples' second two, and the gather.
      equal(Object.keys(here).length, 1 + 4 + 3 * 2 + 1);
    },
  },

  {
    name: 'does nothing twice: a second run has nothing to do',
    holds: async (lab) => {
      const { table } = await (await lab.start({ S1: {}, S2: {} })).over();
      const before = [await lab.published(table), lab.marks('start')];
      const again = await lab.start({ S1: {}, S2: {} });
      deepEqual(again.submitted, []);
      deepEqual([await lab.published((await again.over()).table), lab.marks('start')], before);
    },
  },

  {
    name: 'goes on without the process that submitted, where it is detached',
    holds: async (lab) => {
      const { detached } = await lab.engine.limits();
      const run = await lab.start({ S1: { first: 'wait:go' }, S2: {} });
      await lab.happened('first.S1.1.start');
      deepEqual([detached, lab.another !== undefined], [detached, detached]);
      const engine = (await lab.another?.()) ?? lab.engine;
      if (detached) {
        const names = run.submitted.map(({ job }) => `${run.manifest.run}-${run.manifest.nonce}-${job.job}`);
        deepEqual([...(await engine.find(names)).values()], run.jobIds);
        await lab.engine.close();
      }
      lab.release('go');
      const { table } = await openLab({ ...lab, engine }).follow(run);
      matches(statesOf(table), { S1: ['succeeded', 'succeeded'], S2: ['succeeded', 'succeeded'] });
      await engine.close();
    },
  },
];

async function publishedBy(lab: EngineLab): Promise<Record<string, string | undefined>> {
  const { table } = await (await lab.start(SAMPLES)).over();
  return lab.published(table);
}
