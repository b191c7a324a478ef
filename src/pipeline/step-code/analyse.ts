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
import { ANALYSIS, type LoadedSources, type StepToAnalyse } from './step-codes.ts';

export interface Analysis {
  /** By step: what stands for all code that its `run` reaches. */
  codes: Record<string, string>;
  /** SHA-256 by path of files besides the loaded sources that have been read for it. */
  read: Readonly<Record<string, string>>;
}

/** Fields of a step that are no code: they are in a task's key by themselves, or do not change its results. */
const NO_CODE = new Set(
  'name description scope inputs params outputs files resources tools image attempts intermediate version'.split(' '),
);

/**
 * Finds what the code of each step reaches: functions, constants, classes, through all modules of the user's, packages by
 * name and version. Of code that cannot be followed all modules count.
 * @param entry absolute path of the pipeline's file
 * @throws PipelineErrors `undeclared-file` for what a step reads by its own place without declaring it
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
 * Adds the call of `defineStep`, and, as long as a piece uses variables of what is around it, that and the call that led
 * there. False if that cannot be followed to the top of a module.
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
    // The call that led here is told without it.
    omit.add(around);
  }
  return false;
}

type Call = AnyNode & { type: 'CallExpression' | 'NewExpression' };

/** The innermost call that V8 places at a position: where its callee, the last name of it, begins. */
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

/** The fields of a call of `defineStep` that are no code. */
function noCodeOf(module: ParsedModule, { callee, arguments: [spec] }: Call): AnyNode[] {
  const name = callee.type === 'MemberExpression' ? callee.object : callee;
  const imported = importOf(module.references.get(name.start)?.resolved);
  if (imported?.specifier !== 'batch-pipeline' || spec?.type !== 'ObjectExpression') return [];
  return spec.properties.filter(
    (field) =>
      field.type === 'Property' && !field.computed && field.key.type === 'Identifier' && NO_CODE.has(field.key.name),
  );
}
