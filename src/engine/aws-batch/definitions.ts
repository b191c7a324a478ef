import { PipelineError } from '../../errors.ts';
import { apiError, failureOf } from '../../aws/failure.ts';
import type { BatchApi } from './batch-api.ts';
import type { KnownDefinition } from './batch-types.ts';
import { definitionContent, type DefinitionFacts, definitionName, isRegistrable } from './job-definition.ts';
import { backoffMs } from '../../aws/retry.ts';
import { type Patience, Waits } from '../patience.ts';

/** Finds the job definition of a step, and registers it if this content has none yet. One query per content. */
export class Definitions {
  readonly #api: BatchApi;
  readonly #patience: Patience;
  readonly #known = new Map<string, Promise<string>>();

  constructor(api: BatchApi, patience: Patience) {
    this.#api = api;
    this.#patience = patience;
  }

  /** `name:revision`. */
  async definitionFor(step: string, facts: DefinitionFacts): Promise<string> {
    const content = definitionContent(facts);
    if (!isRegistrable(content)) throw tooLarge(step);
    const name = definitionName(step, content);
    const known = this.#known.get(name) ?? this.#findOrRegister(name, facts);
    this.#known.set(name, known);
    known.catch(() => this.#known.delete(name));
    return known;
  }

  async #findOrRegister(name: string, facts: DefinitionFacts): Promise<string> {
    const waits = new Waits(this.#patience);
    for (;;) {
      const [newest] = await this.#api.activeDefinitions(name);
      if (newest) return withRevision(newest);
      try {
        return withRevision(await this.#api.registerDefinition(name, definitionContent(facts)));
      } catch (error) {
        const failure = failureOf(error);
        const kind = failure === 'throttled' ? 'throttled' : 'other';
        const again = failure !== 'refused' && (await waits.wait((failures) => backoffMs(failures, kind)));
        if (!again) throw apiError(error, 'batch:RegisterJobDefinition', `job definition ${name}`);
      }
    }
  }
}

function withRevision({ name, revision }: KnownDefinition): string {
  return `${name}:${revision}`;
}

function tooLarge(step: string): PipelineError {
  return new PipelineError({
    code: 'batch-definition-size',
    message: 'The job definition is larger than AWS Batch allows',
    where: `step ${step}`,
  });
}
