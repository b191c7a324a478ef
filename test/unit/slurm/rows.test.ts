import { describe, expect, test } from 'vitest';
import { jobStatus } from '../../../src/engine/slurm/job-status.ts';
import { parseSinfo } from '../../../src/engine/slurm/fit.ts';
import {
  parseSacct,
  parseSacctNames,
  parseSqueue,
  parseToken,
  sacctArguments,
  sacctNameArguments,
  squeueArguments,
  type TaskRow,
} from '../../../src/engine/slurm/task-rows.ts';
import { verdict } from '../../../src/engine/slurm/verdict.ts';

/** As squeue of Slurm 22.05 printed it. */
const SQUEUE = `2|N/A|RUNNING|0|0|None|run-x/1|
13|1|FAILED|768|0|NonZeroExitCode|run-a/2|
13|0|COMPLETING|2304|1|None|run-a/2|
17|N/A|FAILED|4021|0|JobLaunchFailure|(null)|
20|0|PENDING|0|0|BeginTime|a|b|
`;

test('squeue rows', () => {
  const rows = parseSqueue(SQUEUE);
  expect(rows.map(({ jobId, index, state, exitCode, signal }) => [jobId, index, state, exitCode, signal])).toEqual([
    ['2', 0, 'RUNNING', 0, 0],
    ['13', 1, 'FAILED', 3, 0],
    ['13', 0, 'COMPLETING', 9, 0],
    ['17', 0, 'FAILED', 0, 53],
    ['20', 0, 'PENDING', 0, 0],
  ]);
  expect(rows.map(({ token }) => token)).toEqual([
    { name: 'run-x', size: 1 },
    { name: 'run-a', size: 2 },
    { name: 'run-a', size: 2 },
    undefined,
    undefined,
  ]);
});

test('squeue is called once, for one job by its id and for more by the user', () => {
  expect(squeueArguments(1000, ['5']).slice(3)).toMatchInlineSnapshot(`
    [
      "--jobs=5",
      "--Format=ArrayJobID:|,ArrayTaskID:|,State:|,exit_code:|,restartcnt:|,Reason:|,Comment:|",
    ]
  `);
  expect(squeueArguments(1000, ['5', '6'])[3]).toBe('--user=1000');
});

test('comments of other programs are not tokens', () => {
  expect(['', 'x', 'x/0', 'x/', '/3', 'a b/3', 'x/3/4', 'x/3 '].map(parseToken)).toEqual(Array(8).fill(undefined));
});

test('sacct rows, also of elements that share one', () => {
  const rows = parseSacct(
    [
      '3_0|COMPLETED|0:0',
      '3_1|CANCELLED|0:0',
      '4_[0,2-3%2]|CANCELLED by 0|0:0',
      '5|FAILED|17:0',
      '6_2|FAILED|0:9',
      '',
    ].join('\n'),
  );
  expect(rows.map((row) => [row.jobId, row.index, row.state, row.exitCode, row.signal, row.reason])).toEqual([
    ['3', 0, 'COMPLETED', 0, 0, 'None'],
    ['3', 1, 'CANCELLED', 0, 0, 'DependencyNeverSatisfied'],
    ['4', 0, 'CANCELLED', 0, 0, 'None'],
    ['4', 2, 'CANCELLED', 0, 0, 'None'],
    ['4', 3, 'CANCELLED', 0, 0, 'None'],
    ['5', 0, 'FAILED', 17, 0, 'None'],
    ['6', 2, 'FAILED', 0, 9, 'None'],
  ]);
});

test('sacct names: the older of two jobs with one name', () => {
  expect([...parseSacctNames('12_0|run-a\n9_[1-3]|run-a\n100|run-b\n')]).toEqual([
    ['run-a', '9'],
    ['run-b', '100'],
  ]);
  expect(sacctNameArguments(7, ['a', 'b']).slice(3)).toMatchInlineSnapshot(`
    [
      "--user=7",
      "--starttime=now-90days",
      "--name=a,b",
      "--format=JobID,JobName",
    ]
  `);
  expect(sacctArguments(['1', '2']).slice(3)).toEqual(['--jobs=1,2', '--format=JobID,State,ExitCode']);
});

function row(state: string, more: Partial<TaskRow> = {}): TaskRow {
  const plain = { exitCode: 0, signal: 0, reason: 'None', restarts: 0, token: undefined };
  return { jobId: '1', index: 0, state, ...plain, ...more };
}

describe('the status of a job', () => {
  const status = (rows: TaskRow[], size?: number) => {
    const { state, counts, reason } = jobStatus('1', rows, size);
    return [state, Object.values(counts).join(' '), reason];
  };

  test('is its furthest live state, and its end once none is live', () => {
    const waits = row('PENDING', { reason: 'Dependency' });
    expect(status([waits, row('PENDING', { reason: 'Resources' }), waits])).toEqual([
      ...['runnable', '2 1 0 0 0 0', 'Dependency'],
    ]);
    expect(status([waits, row('CONFIGURING')])).toEqual(['starting', '1 0 1 0 0 0', 'Dependency']);
    expect(status([row('COMPLETED'), row('COMPLETING')])).toEqual(['running', '0 0 0 1 1 0', undefined]);
    expect(status([row('COMPLETED'), row('COMPLETED')])).toEqual(['succeeded', '0 0 0 0 2 0', undefined]);
    expect(status([row('COMPLETED'), row('TIMEOUT')])).toEqual(['failed', '0 0 0 0 1 1', undefined]);
  });

  test('is unknown, never finished, if part of it is forgotten and nothing is live', () => {
    expect(status([])).toEqual(['unknown', '0 0 0 0 0 0', 'Slurm has forgotten this job']);
    expect(status([row('COMPLETED')], 3)).toEqual([
      ...['unknown', '0 0 0 0 1 0', 'Slurm has forgotten 2 of 3 tasks of this job'],
    ]);
    expect(status([row('COMPLETED'), row('RUNNING')], 3)[0]).toBe('running');
  });

  test('treats an unknown state as live', () => {
    expect(status([row('TELEPORTING')])[0]).toBe('running');
  });

  test('reports what to do about a job that waits for ever', () => {
    const stuck = (reason: string) => jobStatus('7', [row('PENDING', { reason })], 1).stuck;
    expect(stuck('JobHeldUser')).toBe('JobHeldUser: It is held. Release it with `scontrol release 7`.');
    expect(stuck('launch failed requeued held')).toContain('Slurm could not start it');
    expect(stuck('PartitionDown')).toContain('accepts no jobs');
    expect(stuck('PartitionTimeLimit')).toContain('more than it can get');
    expect(stuck('ReqNodeNotAvail, UnavailableNodes:n[1-2]')).toContain('are down');
    for (const reason of ['Resources', 'Priority', 'Dependency', 'BeginTime', 'QOSMaxJobsPerUserLimit']) {
      expect(stuck(reason)).toBeUndefined();
    }
  });
});

describe('a verdict', () => {
  const of = (state: string, more: Partial<TaskRow> = {}, log = '') => {
    const said = verdict(row(state, more), log);
    return said && [said.cause, said.message, said.exitCode];
  };

  test('is none if nothing failed, or only the task before it', () => {
    for (const state of ['PENDING', 'RUNNING', 'COMPLETED', 'COMPLETING']) expect(of(state)).toBeUndefined();
    expect(of('CANCELLED', { reason: 'DependencyNeverSatisfied' })).toBeUndefined();
  });

  test('names what Slurm did', () => {
    expect(of('OUT_OF_MEMORY', { signal: 125 })).toEqual(['out-of-memory', 'Slurm: OUT_OF_MEMORY', undefined]);
    expect(of('TIMEOUT')).toEqual(['timeout', 'Slurm: TIMEOUT', undefined]);
    expect(of('DEADLINE')).toEqual(['timeout', 'Slurm: DEADLINE', undefined]);
    expect(of('NODE_FAIL')).toEqual(['lost', 'Slurm: NODE_FAIL', undefined]);
    expect(of('PREEMPTED')?.[0]).toBe('spot');
    expect(of('BOOT_FAIL')?.[0]).toBe('start');
    expect(of('CANCELLED')).toEqual(['cancelled', 'Slurm: CANCELLED', undefined]);
  });

  test('reads exit codes and signals', () => {
    expect(of('FAILED', { exitCode: 1 })).toEqual(['tool', 'Slurm: FAILED 1:0', 1]);
    expect(of('FAILED', { exitCode: 75 })).toEqual(['lost', 'Slurm: FAILED 75:0, no attempt is left', 75]);
    expect(of('FAILED', { exitCode: 125 })?.[0]).toBe('start');
    expect(of('FAILED', { exitCode: 126 })?.[0]).toBe('start');
    expect(of('FAILED', { exitCode: 127 })?.[0]).toBe('start');
    expect(of('FAILED', { exitCode: 139 })).toEqual([
      ...['lost', 'Slurm: FAILED 139:0, the runner was killed by signal 11', 139],
    ]);
    expect(of('FAILED', { exitCode: 255 })).toEqual(['tool', 'Slurm: FAILED 255:0', 255]);
    expect(of('FAILED', { signal: 53 })?.[0]).toBe('start');
    expect(of('FAILED', { signal: 9 })).toEqual([
      ...['lost', 'Slurm: FAILED 0:9, the runner was killed by signal 9', undefined],
    ]);
  });

  test("reads slurmstepd's last message, but no tool's", () => {
    const words = 'slurmstepd-n1: error: Exceeded job memory limit\n';
    expect(of('FAILED', { signal: 9 }, `hello\n${words}`)?.[0]).toBe('out-of-memory');
    expect(of('FAILED', { exitCode: 137 }, 'slurmstepd: error: Detected 1 oom-kill event(s)')?.[0]).toBe(
      'out-of-memory',
    );
    expect(of('FAILED', { signal: 9 }, 'the tool says: slurmstepd exceeded memory limit')?.[0]).toBe('lost');
  });
});

test('sinfo rows', () => {
  expect(parseSinfo('main*|up|infinite|8|4000|idle|2|\nsmall|down|1:30:00|64|257000|down*|1|\n'))
    .toMatchInlineSnapshot(`
    [
      {
        "cpus": 8,
        "isDefault": true,
        "memoryMiB": 4000,
        "nodes": 2,
        "partition": "main",
        "state": "idle",
        "timeLimitSeconds": Infinity,
        "up": true,
      },
      {
        "cpus": 64,
        "isDefault": false,
        "memoryMiB": 257000,
        "nodes": 1,
        "partition": "small",
        "state": "down*",
        "timeLimitSeconds": 5400,
        "up": false,
      },
    ]
  `);
});
