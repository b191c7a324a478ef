import { describe, expect, test } from 'vitest';
import type { EngineJob, JobDependency } from '../../../src/engine/engine.ts';
import { checkOptions, type SlurmOptions } from '../../../src/engine/slurm/options.ts';
import { parseClusterConfig } from '../../../src/engine/slurm/cluster-config.ts';
import { sbatchArguments } from '../../../src/engine/slurm/sbatch-arguments.ts';

const OPTIONS: SlurmOptions = { runnerCommand: ['runner'], logFolder: '/shared/50%/logs', environment: {} };

const JOB: EngineJob = {
  name: 'run-1-A',
  step: 'A',
  size: 10,
  resources: { cpus: 4, memoryMiB: 7000, scratchMiB: 1, timeLimitSeconds: 3601 },
  image: undefined,
  attempts: 3,
  rank: 1,
  environment: {},
};

function args(
  job: Partial<EngineJob>,
  dependencies: readonly JobDependency[] = [],
  options: Partial<SlurmOptions> = {},
) {
  const context = { options: { ...OPTIONS, ...options }, config: parseClusterConfig(''), maxArraySize: 10 };
  return sbatchArguments({ ...JOB, ...job }, dependencies, context);
}

test('an array job', () => {
  expect(args({})).toMatchInlineSnapshot(`
    [
      "--parsable",
      "--job-name=run-1-A",
      "--comment=run-1-A/10",
      "--array=0-9",
      "--nice=100000",
      "--requeue",
      "--export=ALL",
      "--chdir=/shared/50%/logs",
      "--output=/shared/50%%/logs/%A_%a.log",
      "--open-mode=append",
      "--nodes=1",
      "--ntasks=1",
      "--cpus-per-task=4",
      "--mem=7000M",
      "--time=61",
    ]
  `);
});

test('a plain job that must not be attempted again', () => {
  const plain = args({ size: 1, attempts: 1 });
  expect(plain.filter((arg) => /^--(array|no-requeue|requeue|output|comment)/.test(arg))).toEqual([
    ...['--comment=run-1-A/1', '--no-requeue', '--output=/shared/50%%/logs/%j_0.log'],
  ]);
});

test('dependencies of each kind', () => {
  const dependency = (job: Partial<EngineJob>, ...types: JobDependency['type'][]) =>
    args(
      job,
      types.map((type, i) => ({ type, jobId: String(i + 5) })),
    ).filter((arg) => /depend|kill/.test(arg));
  expect(dependency({}, 'N_TO_N', 'SUCCESS', 'ANY', 'ANY', 'N_TO_N')).toEqual([
    '--dependency=aftercorr:5:9,afterok:6,afterany:7:8',
    '--kill-on-invalid-dep=yes',
  ]);
  expect(dependency({ size: 1 }, 'N_TO_N', 'SUCCESS')).toEqual([
    '--dependency=afterok:5:6',
    '--kill-on-invalid-dep=yes',
  ]);
  expect(dependency({})).toEqual([]);
});

test("the site's options", () => {
  const site = { partition: 'main', account: 'lab', qos: 'long', extraArgs: ['--exclude=n7'], maxRunning: 4 };
  expect(args({}, [], { ...site, constraint: 'avx2&ssd' }).slice(-5)).toEqual([
    ...['--partition=main', '--account=lab', '--qos=long', '--constraint=avx2&ssd', '--exclude=n7'],
  ]);
  expect(args({}, [], site)).toContain('--array=0-9%4');
});

describe('options', () => {
  const refusal = (options: Partial<SlurmOptions>) => {
    try {
      checkOptions({ ...OPTIONS, ...options });
      return 'fine';
    } catch (error) {
      return (error as Error).message;
    }
  };

  test('that the engine sets itself are refused, also when abbreviated', () => {
    expect(refusal({ extraArgs: ['--array=0-5'] })).toBe(
      "--array cannot be given: the engine sets sbatch's --array itself",
    );
    expect(refusal({ extraArgs: ['--depend=afterok:1'] })).toContain("sbatch's --dependency");
    expect(refusal({ extraArgs: ['--wrap=id'] })).toContain("sbatch's --wrap");
  });

  test('that would be taken for the script are refused', () => {
    for (const argument of ['gpu:1', '-p', '--', '--gres gpu', 'script.sh']) {
      expect(refusal({ extraArgs: [argument] })).toBe(`"${argument}" is no option of sbatch`);
    }
  });

  test('of the site are accepted', () => {
    expect(refusal({ extraArgs: ['--gres=gpu:1', '--exclusive', '--reservation=x', '--mem-bind=local'] })).toBe('fine');
  });

  test('that cannot work are refused', () => {
    expect(refusal({ maxRunning: 0 })).toBe('The most tasks that run must be a whole number above 0, not 0');
    expect(refusal({ logFolder: 'logs' })).toBe('The log folder must be an absolute path, not "logs"');
    expect(refusal({ logFolder: '/a\\b' })).toContain('cannot write to a folder');
    expect(refusal({ runnerCommand: [] })).toBe('The runner has no command');
    expect(refusal({ maxRunning: 0, logFolder: 'logs' })).toBe('2 problems');
  });
});

test('the runner itself always has the memory that it needs', () => {
  const resources = { ...JOB.resources, memoryMiB: 10 };
  expect(args({ resources })).toContain('--mem=256M');
});
