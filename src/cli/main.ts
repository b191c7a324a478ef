#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Compiled code, and pipeline files stripped of their types, are kept between calls: half of a quick command's time.
enableCompileCache();
await import('./command-line.ts');
