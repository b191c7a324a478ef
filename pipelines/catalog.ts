import type { Demo } from './demo.ts';

/** A pipeline that comes with this package. Its definition is the default export of `pipelines/NAME/NAME.ts`. */
export interface BuiltInPipeline {
  load: () => Promise<{ default: unknown }>;
  /** Names of the folders below `images/` that its steps run in, without their common parent `base`. */
  images: readonly string[];
  /** What `batch-pipeline demo` runs. */
  demo?: { description: string; load: () => Promise<Demo> };
}

/** By name. The only place where the program learns which pipelines it comes with. */
export const BUILT_IN: Readonly<Record<string, BuiltInPipeline>> = {
  fusion: {
    load: () => import('./fusion/fusion.ts'),
    images: ['picard', 'kallisto', 'pizzly'],
    demo: {
      description: 'make a cohort with known fusions, run the fusion pipeline on it, compare',
      load: async () => (await import('./fusion/demo/demo.ts')).fusionDemo,
    },
  },
};

/** What commands use where no pipeline is named. */
export const DEFAULT_PIPELINE = 'fusion';
