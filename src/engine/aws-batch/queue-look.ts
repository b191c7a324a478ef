import type { BatchApi } from './batch-api.ts';
import type { EnvironmentFacts, QueueFacts } from './batch-types.ts';

/** A queue with its compute environments, the preferred one first. */
export interface QueueView {
  queue: QueueFacts | undefined;
  environments: EnvironmentFacts[];
}

/** Describes the queue and its compute environments. */
export class QueueLook {
  readonly #api: Pick<BatchApi, 'describeQueue' | 'describeEnvironments'>;
  readonly #name: string;

  constructor(api: Pick<BatchApi, 'describeQueue' | 'describeEnvironments'>, name: string) {
    this.#api = api;
    this.#name = name;
  }

  async look(): Promise<QueueView> {
    const queue = await this.#api.describeQueue(this.#name);
    return { queue, environments: queue ? await this.#api.describeEnvironments(queue.environments) : [] };
  }
}

/** Environments that may start jobs. */
export function usableEnvironments({ environments }: QueueView): EnvironmentFacts[] {
  return environments.filter(({ enabled, status }) => enabled && status !== 'INVALID' && status !== 'DELETED');
}
