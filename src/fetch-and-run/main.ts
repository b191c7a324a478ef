import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Made when the image was built: spares every container the compilation of the S3 client.
const cache = join(import.meta.dirname, 'compile-cache');
if (existsSync(cache)) enableCompileCache(cache);
await import('./program.ts');
