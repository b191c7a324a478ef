import { enableCompileCache } from 'node:module';

enableCompileCache();
const [{ startRunner }, { loadPipeline }] = await Promise.all([
  import('./runner.ts'),
  import('../pipeline/load-pipeline.ts'),
]);
startRunner(async (source) => (await loadPipeline(source)).pipeline);
