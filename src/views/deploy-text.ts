import type { DeployEvent } from '../deploy/deploy.ts';
import type { DestroyEvent } from '../deploy/destroy.ts';
import type { StackChange, StackEvent } from '../deploy/stack/cloudformation-api.ts';
import { columns, count, duration } from './columns.ts';

const SIGNS = { add: '+', modify: '~', replace: '!', remove: '-' } as const;

/** What a deployment would change, one line per resource. */
export function changesText(stack: string, changes: readonly StackChange[]): string {
  if (changes.length === 0) return `Nothing to change: stack ${stack} is up to date.`;
  const rows = changes.map(({ action, resource, type }) => [`${SIGNS[action]} ${action}`, resource, type]);
  const replaced = changes.filter(({ action }) => action === 'replace').length;
  const warning = replaced > 0 ? `\n${count(replaced, 'resource')} would be replaced, or may have to be.` : '';
  return `${columns(rows)}\n${count(changes.length, 'change')} to stack ${stack}; nothing has been changed yet.${warning}`;
}

/** One line of progress. */
export function stackEventText({ resource, type, status, reason }: StackEvent): string {
  const why = reason === undefined || /user initiated/i.test(reason) ? '' : `: ${reason}`;
  return `${status}  ${resource} (${type})${why}`;
}

/** What happens while something is deployed, one line each. */
export function deployEventText(event: DeployEvent): string {
  switch (event.kind) {
    case 'bucket-exists':
      return `Bucket ${event.bucket} exists: it is used as it is.`;
    case 'stack':
      return stackEventText(event.event);
    case 'unchanged':
      return changesText(event.stack, []);
    case 'image-dropped':
      return `${event.uri} is not of stack ${event.stack}, and is no longer used.`;
    case 'image':
      return imageEventText(event.event);
  }
}

/** What happens while something is destroyed, one line each. */
export function destroyEventText(event: DestroyEvent): string {
  switch (event.kind) {
    case 'stack':
      return stackEventText(event.event);
    case 'stack-deleted':
      return `Stack ${event.stack} is deleted.`;
    case 'stack-missing':
      return `There is no stack ${event.stack}.`;
    case 'repository-deleted':
      return `Repository ${event.repository} is deleted.`;
    case 'bucket-deleted':
      return `Bucket ${event.bucket} is deleted.`;
  }
}

/** Progress of one image, from `deploy/images/build-images.ts`. */
export interface ImageNews {
  name: string;
  tag: string;
  builder?: string;
  state: 'building' | 'built' | 'there' | 'pushing' | 'pushed' | 'in-registry';
  seconds?: number;
}

export interface ImageRow {
  name: string;
  digest: string;
  tags: readonly string[];
  bytes: number | undefined;
  pushedAt: Date | undefined;
  inUse: boolean;
}

export function imageEventText({ name, builder = '', state, seconds = 0 }: ImageNews): string {
  switch (state) {
    case 'building':
      return `${name}: building with ${builder}`;
    case 'built':
      return `${name}: built in ${duration(seconds)}`;
    case 'there':
      return `${name}: unchanged, already in ${builder}`;
    case 'pushing':
      return `${name}: pushing`;
    case 'pushed':
      return `${name}: pushed in ${duration(seconds)}`;
    case 'in-registry':
      return `${name}: unchanged, already in ECR`;
  }
}

/** One line for each image in ECR. */
export function imageListText(images: readonly ImageRow[]): string {
  const lines = images.map(({ name, tags, digest, bytes, pushedAt, inUse }) => [
    name,
    tags.join(',') || '-',
    digest.slice(0, 'sha256:'.length + 12),
    bytes === undefined ? '-' : `${(bytes / 1e6).toFixed(1)} MB`,
    pushedAt?.toISOString().slice(0, 16).replace('T', ' ') ?? '-',
    inUse ? 'yes' : '',
  ]);
  return columns([['image', 'tag', 'digest', 'size', 'pushed (UTC)', 'in use'], ...lines]);
}
