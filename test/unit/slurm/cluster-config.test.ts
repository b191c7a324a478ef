import { describe, expect, test } from 'vitest';
import { arrayLimit, niceOf, parseClusterConfig, parseSlurmTime } from '../../../src/engine/slurm/cluster-config.ts';

/** Lines as Slurm 22.05 prints them. */
const STOCK = `Configuration data as of 2026-11-23T08:34:24
AccountingStorageType   = accounting_storage/none
ClusterName             = lab
MaxArraySize            = 1001
MaxJobCount             = 10000
MinJobAge               = 300 sec
PriorityType            = priority/basic
SchedulerParameters     = (null)
SLURM_VERSION           = 22.05.8

Slurmctld(primary) at vm is UP
`;

const SITE = STOCK.replace('accounting_storage/none', 'accounting_storage/slurmdbd')
  .replace(
    'priority/basic',
    'priority/multifactor\nPriorityWeightAge       = 1000\nPriorityMaxAge          = 14-00:00:00',
  )
  .replace('(null)', 'bf_continue,correspond_after_task_cnt=500,max_array_tasks=800');

test('the lines that matter are read, and what is missing has the default of slurm.conf(5)', () => {
  expect(parseClusterConfig(STOCK)).toMatchInlineSnapshot(`
    {
      "accounting": false,
      "clusterName": "lab",
      "correspondAfterTaskCount": 10,
      "maxArraySize": 1001,
      "maxJobCount": 10000,
      "minJobAgeSeconds": 300,
      "priority": {
        "maxAgeDays": 7,
        "type": "priority/basic",
        "weightAge": 0,
      },
      "version": "22.05.8",
    }
  `);
  expect(parseClusterConfig(SITE)).toMatchInlineSnapshot(`
    {
      "accounting": true,
      "clusterName": "lab",
      "correspondAfterTaskCount": 500,
      "maxArraySize": 800,
      "maxJobCount": 10000,
      "minJobAgeSeconds": 300,
      "priority": {
        "maxAgeDays": 14,
        "type": "priority/multifactor",
        "weightAge": 1000,
      },
      "version": "22.05.8",
    }
  `);
  expect(parseClusterConfig('')).toMatchInlineSnapshot(`
    {
      "accounting": false,
      "clusterName": "unknown",
      "correspondAfterTaskCount": 10,
      "maxArraySize": 1001,
      "maxJobCount": 10000,
      "minJobAgeSeconds": 300,
      "priority": {
        "maxAgeDays": 7,
        "type": "priority/basic",
        "weightAge": 0,
      },
      "version": "unknown",
    }
  `);
});

test('times are read in all their forms', () => {
  const times = ['infinite', 'UNLIMITED', '30:00', '1:30:00', '2-00:00:00', '1-02:03:04', 'n/a', ''];
  expect(times.map((time) => parseSlurmTime(time))).toEqual([
    ...[Infinity, Infinity, 1800, 5400, 172_800, 93_784, undefined, undefined],
  ]);
});

describe('the largest safe array', () => {
  const limit = (maxArraySize: number, correspondAfterTaskCount: number) =>
    arrayLimit({ ...parseClusterConfig(STOCK), maxArraySize, correspondAfterTaskCount });

  test('is what Slurm examines, with the reason', () => {
    expect(limit(1001, 10).maxArraySize).toBe(10);
    expect(limit(1001, 1000).maxArraySize).toBe(1000);
    expect(limit(1001, 10).maxArrayReason).toContain('correspond_after_task_cnt');
  });

  test('is all that Slurm allows if it examines that much', () => {
    expect(limit(1001, 1001)).toEqual({ maxArraySize: 1001 });
    expect(limit(1001, 5000)).toEqual({ maxArraySize: 1001 });
  });

  test('is a single task if arrays are disabled', () => {
    expect(limit(0, 10)).toEqual({ maxArraySize: 1 });
    expect(limit(1, 10)).toEqual({ maxArraySize: 1 });
  });
});

describe('nice', () => {
  test('overtakes every queued job if priority is first come, first served', () => {
    expect([0, 1, 2].map((rank) => niceOf(rank, parseClusterConfig(STOCK)))).toEqual([0, 100_000, 200_000]);
  });

  test('costs one day of waiting with multifactor priority, so that others do not always go first', () => {
    expect([0, 1, 2].map((rank) => niceOf(rank, parseClusterConfig(SITE)))).toEqual([0, 72, 144]);
  });

  test('stays within sbatch’s range', () => {
    expect(niceOf(1_000_000, parseClusterConfig(STOCK))).toBe(2_147_483_645);
    expect(niceOf(-5, parseClusterConfig(STOCK))).toBe(0);
  });
});
