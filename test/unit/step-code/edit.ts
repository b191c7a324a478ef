import type { Files } from './pipeline-folders.ts';

/** An edit of a pipeline, and the steps that have to run again for it. */
export interface Edit {
  edit: string;
  before: Files;
  after: Files;
  reruns: readonly ('one' | 'two')[];
}

/** The same text with something else in the place of \`X\`, in all files. */
export function swap(edit: string, files: Files, [from, to]: [string, string], reruns: Edit['reruns']): Edit {
  const put = (value: string): Files =>
    Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replaceAll('XX', value)]));
  return { edit, before: put(from), after: put(to), reruns };
}

export const only = (pipeline: string): Files => ({ 'pipeline.ts': pipeline });

export const USES_HELPER = 'helper(outputs.out);';
