import { hostname } from 'node:os';
import type { Finding } from '../engine/engine.ts';
import type { ChosenEngine } from '../engine/registry.ts';
import { writeInputNotes } from '../ledger/store-documents.ts';
import { checkName } from '../pipeline/pipeline.ts';
import { sweepScratch } from '../runner/scratch.ts';
import { noteAdopted } from './adopt-codes.ts';
import type { OnEvent } from './events.ts';
import { isLatestRun } from './latest-run.ts';
import { type Prepared, prepareRun, refuseErrors } from './prepare.ts';
import { Run } from './run.ts';
import { type RunOptions, runRequest } from './run-request.ts';
import { openEngineFor, type Workspace } from './workspace.ts';

/** What a plan amounts to. */
export interface PlanCounts {
  samples: number;
  /** Tasks that would run, in `jobs` jobs. */
  tasks: number;
  jobs: number;
  upToDate: number;
}

/**
 * Looks at samples, store and engine, and plans. Writes and submits nothing.
 * @throws PipelineError, or PipelineErrors with everything that is wrong with options, samples and files
 */
export async function planRun(
  workspace: Workspace,
  options: RunOptions,
  onEvent: OnEvent = () => undefined,
): Promise<RunPlan> {
  if (options.name !== undefined) checkName(options.name, '--pipeline-name');
  const opened = await openEngineFor(workspace, options.engine);
  try {
    const { request, warnings } = await runRequest(options, workspace, opened, onEvent);
    const prepared = await prepareRun(request);
    const findings = [...prepared.findings, ...(await opened.findings(prepared))];
    return new RunPlan({ workspace, opened, prepared, findings, warnings, name: options.name });
  } catch (error) {
    await opened.engine.close();
    throw error;
  }
}

interface Planned {
  workspace: Workspace;
  opened: ChosenEngine;
  prepared: Prepared;
  findings: readonly Finding[];
  warnings: readonly string[];
  name: string | undefined;
}

/** A plan, with an opened engine: start it, or close it. */
export class RunPlan {
  /** Every decision with its reason, the jobs that follow, and what each step asks for. */
  readonly prepared: Prepared;
  /** What the engine finds; with an error among them, `start` refuses. */
  readonly findings: readonly Finding[];
  /** Remarks on the sample list. */
  readonly warnings: readonly string[];
  readonly #planned: Planned;

  constructor(planned: Planned) {
    this.#planned = planned;
    this.prepared = planned.prepared;
    this.findings = planned.findings;
    this.warnings = planned.warnings;
  }

  get counts(): PlanCounts {
    const { samples, jobs, plan } = this.prepared;
    const decisions = plan.flatMap((step) => step.decisions);
    return {
      samples: samples.length,
      tasks: jobs.reduce((sum, { size }) => sum + size, 0),
      jobs: jobs.length,
      upToDate: decisions.filter((decision) => decision === 'up-to-date').length,
    };
  }

  /** @throws PipelineErrors for findings that would make the run fail */
  check(): void {
    refuseErrors(this.findings);
  }

  /**
   * Starts the run. On an engine that works elsewhere, a run that is already working on exactly these tasks is joined
   * instead. `undefined` if nothing is to be done: the store's latest run has exactly these tasks, all up to date.
   * @throws PipelineErrors as `check`; PipelineError `run-busy` where another run works on some of these tasks
   */
  async start(onEvent: OnEvent = () => undefined): Promise<Run | undefined> {
    const { workspace, opened, prepared, name } = this.#planned;
    // Scratch of a killed run of this store is removed even if no runner starts, which would do it.
    if (opened.local) sweepScratch(workspace.scratchRoot, hostname());
    this.check();
    await writeInputNotes(workspace.store, prepared.notes);
    const { pipeline } = prepared.request.loaded;
    if (prepared.jobs.length === 0 && (await isLatestRun(prepared, name))) {
      await noteAdopted(workspace.store, pipeline.name, prepared.codeNotes);
      return undefined;
    }
    const { startOrJoin } = await import('./start.ts');
    const started = await startOrJoin(workspace, prepared, { name: name ?? pipeline.name, opened, onEvent });
    return new Run(workspace, started.manifest, { opened, submitted: started.submitted });
  }

  /** Releases the engine; not needed after `start` has returned a run, which closes it. */
  async close(): Promise<void> {
    await this.#planned.opened.engine.close();
  }
}
