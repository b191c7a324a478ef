import type { Builder, BuilderName } from './builder.ts';
import { findBuilder } from './builder.ts';
import { tagText } from './content-tag.ts';
import { type ImagePlan, type PipelineImages, planImages } from './plan-images.ts';

/** What happens to an image. `there`: in the builder's own storage; `in-registry`: in ECR; nothing was to do then. */
export type ImageEvent = { name: string; tag: string; builder?: BuilderName } & (
  | { state: 'building' | 'pushing' | 'there' }
  | { state: 'built'; seconds: number }
  | { state: 'pushed'; seconds: number; uri: string }
  | { state: 'in-registry'; uri: string }
);
export type OnImage = (event: ImageEvent) => void;

export interface BuildOptions {
  pipelines: readonly PipelineImages[];
  /** `docker`, `podman` or `buildah`; without it the first that works here. */
  builder?: string | undefined;
  /** Each goes to the images whose Dockerfile declares it. */
  buildArgs?: Readonly<Record<string, string>>;
  onImage?: OnImage;
  signal?: AbortSignal;
}

/**
 * Builds the images of these pipelines into the builder's own storage, and returns their names there.
 * @throws PipelineError for what `planImages`, `findBuilder` and the builder refuse
 */
export async function buildImages(options: BuildOptions): Promise<{ name: string; local: string }[]> {
  const plans = await planImages(options.pipelines, options.buildArgs);
  if (plans.length > 0) await buildPlanned(plans, await findBuilder(options.builder, options.signal), options.onImage);
  return plans.map(({ name, local }) => ({ name, local }));
}

/**
 * Builds these images unless they are there, and parents only where a child is to be built.
 * @throws PipelineError `image-build-failed`
 */
export async function buildPlanned(
  plans: readonly ImagePlan[],
  builder: Builder,
  onImage: OnImage = () => undefined,
): Promise<void> {
  const done = new Set<ImagePlan>();
  const ensure = async (plan: ImagePlan): Promise<void> => {
    if (done.has(plan)) return;
    const about = { name: plan.name, tag: tagText(plan.tag), builder: builder.name };
    if (await builder.has(plan.local)) onImage({ ...about, state: 'there' });
    else {
      if (plan.parent) await ensure(plan.parent);
      onImage({ ...about, state: 'building' });
      const start = performance.now();
      await builder.build(plan);
      onImage({ ...about, state: 'built', seconds: (performance.now() - start) / 1000 });
    }
    done.add(plan);
  };
  for (const plan of plans) await ensure(plan);
}
