import { readFileSync } from 'node:fs';
import { programPart } from '../program-parts.ts';

/** The CloudFormation template, with its comments. */
export function stackTemplate(): string {
  return readFileSync(programPart('stack'), 'utf8');
}
