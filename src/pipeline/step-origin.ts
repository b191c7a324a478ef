import { fileURLToPath } from 'node:url';
import { getCallSites } from 'node:util';
import { PACKAGE_URL } from './this-package.ts';

/** A place in a user's module where a call was made: absolute path; line and column from 1, as V8 counts them. */
export interface CallPlace {
  path: string;
  line: number;
  column: number;
}

/** Any step: its `run` is only compared. */
type HasRun = { readonly run: object };

interface Origin {
  step: string;
  places: readonly CallPlace[];
}

/** By a step's `run`, which a copy of the step (`{ ...step, resources }`) shares with it. */
const origins = new WeakMap<object, Origin[]>();

/** As many as V8 gives. */
const FRAMES = 200;

/** Notes who defines a step just now: the call of `defineStep`, then the calls around it, to the top of a module. */
export function noteOrigin(name: string, { run }: HasRun): void {
  if (typeof run !== 'function') return;
  const places = currentCalls();
  const noted = origins.get(run);
  if (noted) noted.push({ step: name, places });
  else origins.set(run, [{ step: name, places }]);
}

/** The calls that have defined this step, innermost first, frames of this program and of packages among them. */
export function originsOf(name: string, { run }: HasRun): (readonly CallPlace[])[] {
  return (origins.get(run) ?? []).filter((origin) => origin.step === name).map(({ places }) => places);
}

/** Where a user's module defines this step: `/home/me/pipeline.ts:8:16`. */
export function stepPlace(name: string, step: HasRun): string | undefined {
  return usersPlace(originsOf(name, step)[0] ?? []);
}

/** Where a user's module made the call that is being answered. */
export function callersPlace(): string | undefined {
  return usersPlace(currentCalls());
}

function currentCalls(): CallPlace[] {
  return getCallSites(FRAMES).flatMap(({ scriptName, lineNumber: line, columnNumber: column }) =>
    scriptName.startsWith('file:') || scriptName.startsWith('/') ? [{ path: pathOf(scriptName), line, column }] : [],
  );
}

function usersPlace(places: readonly CallPlace[]): string | undefined {
  const own = fileURLToPath(new URL('.', PACKAGE_URL ?? import.meta.url));
  const found = places.find(({ path }) => !path.startsWith(own) && !path.includes('/node_modules/'));
  return found && [found.path, found.line, found.column].join(':');
}

function pathOf(scriptName: string): string {
  return scriptName.startsWith('file:') ? decodeURIComponent(new URL(scriptName).pathname) : scriptName;
}
