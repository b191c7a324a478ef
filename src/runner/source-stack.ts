import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CODE_FILE, type LoadedCode } from '../pipeline/load-code.ts';

/**
 * A stack with positions in the user's own files instead of the module bundled from them.
 * @param source where the pipeline's file lay when the run was planned
 */
export function sourceStack(stack: string, { folder, home }: Omit<LoadedCode, 'pipeline'>, source: string): string {
  const file = join(folder, CODE_FILE);
  const root = resolve(dirname(source), relative(home, folder));
  let map: SourceMap | undefined;
  return stack.replaceAll(
    /(file:\/\/[^\s()]+):(\d+):(\d+)/g,
    (place: string, url: string, line: string, column: string) => {
      if (url !== pathToFileURL(file).href) return place;
      map ??= new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')) as SourceMapPayload);
      const origin = map.findOrigin(Number(line), Number(column));
      return 'fileName' in origin
        ? `${pathToFileURL(join(root, origin.fileName)).href}:${origin.lineNumber}:${origin.columnNumber}`
        : place;
    },
  );
}
