import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Created when the image is built: saves every container the compilation of the S3 client.
const cache = join(import.meta.dirname, 'compile-cache');
if (existsSync(cache)) enableCompileCache(cache);
await import('./program.ts');
