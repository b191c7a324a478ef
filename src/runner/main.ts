import { enableCompileCache } from 'node:module';

enableCompileCache();
const [{ startRunner }, { openRunCode }] = await Promise.all([import('./runner.ts'), import('./run-code.ts')]);
startRunner(openRunCode);
