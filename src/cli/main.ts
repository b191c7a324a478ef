#!/usr/bin/env node
// Not by name: an older Node would fail to link this file before it could say what it lacks.
import * as nodeModule from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { ExitCode } from '../errors.ts';

/** `engines` of package.json, of which npm only warns. */
const LEAST_NODE = 24;

if (Number.parseInt(process.versions.node, 10) < LEAST_NODE) {
  console.error(`batch-pipeline needs Node ${LEAST_NODE} or newer, and this is ${process.version}: https://nodejs.org`);
  process.exitCode = ExitCode.environment;
} else {
  // Compiled code, and pipeline files stripped of their types, are kept between calls: half of a quick command's time.
  nodeModule.enableCompileCache();
  // Listings of large cohorts are short-lived garbage, for which V8 would rather take 100 MB more than clear up in time.
  setFlagsFromString('--semi-space-growth-factor=1');
  await import('./command-line.ts');
}
