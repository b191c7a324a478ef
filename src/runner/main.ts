import { enableCompileCache } from 'node:module';

enableCompileCache();
await import('./runner.ts');
