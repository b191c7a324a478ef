import { hash } from 'node:crypto';
import type { AnyNode } from 'acorn';
import { type PipelineError, throwAll } from '../../errors.ts';
import type { CallPlace } from '../step-origin.ts';
import { importOf } from './bindings.ts';
import { type Effect, effectsOf } from './effects.ts';
import { isParsed, type ModuleGraph, openModules } from './module-graph.ts';
import { childrenOf, type ParsedModule } from './parse-module.ts';
import { type RelativeRead, undeclaredRead } from './relative-reads.ts';
import { itemAt, Slice } from './slice.ts';
import { ANALYSIS, type LoadedSources, type StepToAnalyse } from '../code-identity.ts';

export interface Analysis {
  /** By step: the identity of all code that its `run` reaches. */
  codes: Record<string, string>;
  /** SHA-256 by path of the files that were read in addition to the loaded sources. */
  read: Readonly<Record<string, string>>;
}

/** Fields of a step that are not code: they enter the task key on their own, or do not affect results. */
const NO_CODE = new Set(
  'name description scope inputs params outputs files resources tools image attempts intermediate version'.split(' '),
);

/**
 * Finds what the code of each step reaches: functions, constants and classes in all of the user's modules; packages
 * count by name and version. If code cannot be followed, all modules count.
 * @param entry absolute path of the pipeline's file
 * @throws PipelineErrors `undeclared-file` for files that a step reads relative to its code without declaring them
 */
export function analyseSteps(entry: string, loaded: LoadedSources, steps: readonly StepToAnalyse[]): Analysis {
  const graph = openModules(entry, loaded);
  const effects = effectsOf(graph);
  const codes: Record<string, string> = {};
  const errors: PipelineError[] = [];
  for (const step of steps) {
    const { text, reads } = sliceOfStep(graph, effects, step);
    codes[step.name] = hash('sha256', text);
    errors.push(...undeclared(step, reads));
  }
  throwAll(errors);
  return { codes, read: Object.fromEntries(graph.read) };
}

function undeclared(step: StepToAnalyse, reads: readonly RelativeRead[]): PipelineError[] {
  const places = new Map(reads.map((read) => [read.where, read]));
  return [...places.values()]
    .filter(({ path }) => path === undefined || !step.files.includes(path))
    .map((read) => undeclaredRead(step.name, read));
}

function sliceOfStep(graph: ModuleGraph, effects: readonly Effect[], step: StepToAnalyse): ReturnType<Slice['finish']> {
  const slice = new Slice(graph, effects);
  const followed = step.origins.length > 0 && step.origins.every((places) => addOrigin(graph, slice, places));
  if (!followed) slice.addEverything();
  const { text, reads } = slice.finish();
  return { text: `${ANALYSIS}\0${text}`, reads };
}

/**
 * Adds the call of `defineStep`. While a piece uses variables of its surroundings, adds those too, and the call that
 * led there. False if this cannot be followed to the top level of a module.
 */
function addOrigin(graph: ModuleGraph, slice: Slice, places: readonly CallPlace[]): boolean {
  const modules = new Map(graph.all().map((module) => [module.path, module]));
  const omit = new Set<AnyNode>();
  for (const { path, line, column } of places) {
    const module = modules.get(path);
    if (!module) continue;
    if (!isParsed(module)) return false;
    const position = (module.lineStarts[line - 1] ?? Number.NaN) + column - 1;
    const call = callAt(module, position);
    if (!call) return false;
    slice.leaveOut(noCodeOf(module, call));
    if (!slice.add(module, call, omit)) return true;
    const around = functionAt(module, position) ?? itemAt(module, position)[0];
    if (!around) return false;
    slice.add(module, around);
    if (!isFunction(around)) return true;
    // The call that led here is added without this function.
    omit.add(around);
  }
  return false;
}

type Call = AnyNode & { type: 'CallExpression' | 'NewExpression' };

/** The innermost call at a position as V8 reports it: where the last name of the callee begins. */
function callAt(module: ParsedModule, position: number): Call | undefined {
  const isCall = (node: AnyNode): node is Call => node.type === 'CallExpression' || node.type === 'NewExpression';
  return nodesAt(module, position)
    .filter(isCall)
    .findLast(({ start, callee }) => start === position || (callee.start <= position && position < callee.end));
}

function functionAt(module: ParsedModule, position: number): AnyNode | undefined {
  return nodesAt(module, position).findLast(isFunction);
}

function isFunction({ type }: AnyNode): boolean {
  return ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(type);
}

/** Outermost first. */
function nodesAt(module: ParsedModule, position: number): AnyNode[] {
  const nodes: AnyNode[] = [];
  for (let node: AnyNode | undefined = module.program; node;) {
    nodes.push(node);
    node = childrenOf(node).find(({ start, end }) => start <= position && position < end);
  }
  return nodes;
}

/** The fields of a `defineStep` call that are not code. */
function noCodeOf(module: ParsedModule, { callee, arguments: [spec] }: Call): AnyNode[] {
  const name = callee.type === 'MemberExpression' ? callee.object : callee;
  const imported = importOf(module.references.get(name.start)?.resolved);
  if (imported?.specifier !== 'batch-pipeline' || spec?.type !== 'ObjectExpression') return [];
  return spec.properties.filter(
    (field) =>
      field.type === 'Property' && !field.computed && field.key.type === 'Identifier' && NO_CODE.has(field.key.name),
  );
}
