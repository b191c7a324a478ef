import { columns, duration } from './columns.ts';

/** What happened to an image: of `deploy/images/build-images.ts`. */
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
      return `${name}: unchanged, ${builder} has it`;
    case 'pushing':
      return `${name}: pushing`;
    case 'pushed':
      return `${name}: pushed in ${duration(seconds)}`;
    case 'in-registry':
      return `${name}: unchanged, ECR has it`;
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
