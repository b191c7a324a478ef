import { access, constants, mkdir } from 'node:fs/promises';
import { messageOf, PipelineError } from '../../errors.ts';
import { given } from '../../given.ts';
import type { Finding, StepNeed } from '../engine.ts';
import type { Cluster } from './cluster.ts';
import { ask, askOutput, plainWords, refusalHint } from './slurm-commands.ts';
import { siteImage } from './script.ts';
import { fit, type NodeGroup, parseSinfo, SINFO_ARGUMENTS } from './fit.ts';
import type { SlurmOptions } from './options.ts';
import { resourceArguments, siteArguments } from './sbatch-arguments.ts';

/** Checks the cluster for jobs with these needs; submits nothing. */
export async function check(cluster: Cluster, options: SlurmOptions, needs: readonly StepNeed[]): Promise<Finding[]> {
  try {
    const groups = parseSinfo(await askOutput(cluster.run, cluster.patience, 'sinfo', SINFO_ARGUMENTS));
    const steps: Finding[] = [];
    for (const need of needs) steps.push(...(await checkStep(cluster, options, need, groups)));
    return [...(await clusterFindings(cluster)), await logFolderFinding(options.logFolder), ...steps];
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    const { message, hint } = error;
    return [{ level: 'error', subject: 'Slurm', message, ...given({ hint }) }];
  }
}

async function clusterFindings(cluster: Cluster): Promise<Finding[]> {
  const config = await cluster.config();
  const { maxArraySize, maxArrayReason, accounting, minJobAgeSeconds } = config;
  return [
    { level: 'ok', subject: 'Slurm', message: `Slurm ${config.version}, cluster ${config.clusterName}` },
    {
      level: 'ok',
      subject: 'array jobs',
      message: `up to ${maxArraySize} tasks each, ${config.maxJobCount} tasks of all users at a time`,
      ...given({ hint: maxArrayReason }),
    },
    {
      level: 'ok',
      subject: 'accounting',
      message: accounting
        ? 'sacct reports on jobs that the controller has forgotten'
        : `none: Slurm forgets a job ${minJobAgeSeconds} s after its end; after that only its records show its outcome`,
    },
  ];
}

async function logFolderFinding(folder: string): Promise<Finding> {
  const subject = 'log folder';
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return { level: 'ok', subject, message: `${folder} is writable here; compute nodes must see it, too` };
  } catch (error) {
    const hint = 'Name a folder that login and compute nodes share.';
    return { level: 'error', subject, message: messageOf(error), hint };
  }
}

async function checkStep(
  cluster: Cluster,
  options: SlurmOptions,
  { step, resources, image }: StepNeed,
  groups: readonly NodeGroup[],
): Promise<Finding[]> {
  const fitting = fit(groups, { step, resources, partition: options.partition });
  const images = await imageFindings(step, () => siteImage(image, options.container));
  if (fitting.level === 'error') return [fitting, ...images];
  const args = ['--test-only', '--parsable', ...resourceArguments(resources), ...siteArguments(options)];
  const result = await ask(cluster.run, cluster.patience, 'sbatch', args, { input: '#!/bin/bash\n' });
  if (result.exitCode === 0) return [fitting, ...images];
  return [fitting, testFinding(step, result.stderr), ...images];
}

/** Slurm's own answer to a job with these needs, account, QOS and constraint. */
function testFinding(step: string, stderr: string): Finding {
  const passing = /not available now|down, drained or reserved/i.test(stderr);
  const hint = refusalHint(stderr);
  return {
    level: passing ? 'warning' : 'error',
    subject: `sbatch for step ${step}`,
    message: plainWords(stderr),
    ...given({ hint }),
  };
}

async function imageFindings(step: string, imageOf: () => string | undefined): Promise<Finding[]> {
  const subject = `image of step ${step}`;
  try {
    const image = imageOf();
    if (image === undefined) return [];
    if (/^[./]|\.sif$/.test(image)) await access(image, constants.R_OK);
    return [{ level: 'ok', subject, message: image }];
  } catch (error) {
    const hint = (error instanceof PipelineError && error.hint) || 'Name the image that this site has.';
    return [{ level: 'error', subject, message: messageOf(error), hint }];
  }
}
