/**
 * Writes docs/generated/ from the code: the command line, the params of the fusion pipeline, the JSON Schemas of records
 * and manifests, the exit codes. With --check it only compares, and fails if something is out of date.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Command } from '@commander-js/extra-typings';
import fusion from '../pipelines/fusion/fusion.ts';
import { createProgram } from '../src/cli/program.ts';
import { ExitCode } from '../src/errors.ts';
import type { Pipeline } from '../src/pipeline/pipeline.ts';
import { attemptRecord } from '../src/record/attempt-record.ts';
import { jobDocument, manifest } from '../src/record/manifest.ts';

const folder = fileURLToPath(new URL('../docs/generated/', import.meta.url));
const NOTE = '<!-- Made by scripts/gen-docs.ts: do not edit. -->\n\n';

/** Width of help text, independent of the terminal. */
const HELP_WIDTH = 110;

const files: Record<string, string> = {
  'command-line.md': commandLine(),
  'fusion-params.md': paramsTable(fusion),
  'exit-codes.md': exitCodes(),
  'attempt-record.schema.json': schema(attemptRecord),
  'manifest.schema.json': schema(manifest),
  'job.schema.json': schema(jobDocument),
};

const stale = Object.entries(files).filter(([file, text]) => read(file) !== text);
if (process.argv.includes('--check')) {
  for (const [file] of stale) console.error(`docs/generated/${file} is out of date: npm run gen`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of stale) writeFileSync(folder + file, text);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(folder + file, 'utf8');
  } catch {
    return undefined;
  }
}

function commandLine(): string {
  const program = createProgram('VERSION', () => undefined) as unknown as Command;
  return `${NOTE}# The command line\n\n${section(program, 'batch-pipeline')}`;
}

function section(command: Command, name: string): string {
  let help = '';
  command.configureOutput({
    writeOut: (text) => (help += text),
    getOutHelpWidth: () => HELP_WIDTH,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  const own = `## ${name}\n\n\`\`\`\n${help.trimEnd()}\n\`\`\`\n`;
  return [own, ...command.commands.map((child) => section(child as Command, `${name} ${child.name()}`))].join('\n');
}

function paramsTable(pipeline: Pipeline): string {
  const rows = Object.values(pipeline.params).map(({ name, schema: param }) => {
    const json = z.toJSONSchema(param, { io: 'input' }) as {
      default?: unknown;
      description?: string;
      enum?: unknown[];
      type?: string;
    };
    const kind = json.enum ? json.enum.join(', ') : (json.type ?? 'see the description');
    return `| \`${name}\` | \`${JSON.stringify(json.default)}\` | ${kind} | ${(json.description ?? '').replaceAll('|', '\\|')} |`;
  });
  const header = '| param | default | values | meaning |\n| --- | --- | --- | --- |';
  return `${NOTE}# Params of the ${pipeline.name} pipeline\n\nGiven as \`-p name=value\` or in a \`--params-file\`.\n\n${header}\n${rows.join('\n')}\n`;
}

function exitCodes(): string {
  const source = readFileSync(fileURLToPath(new URL('../src/errors.ts', import.meta.url)), 'utf8');
  const rows = Object.entries(ExitCode).map(([name, code]) => {
    const comment = new RegExp(`/\\*\\* (.+) \\*/\\n\\s+${name}:`).exec(source)?.[1] ?? '';
    return `| ${code} | ${name} | ${comment} |`;
  });
  return `${NOTE}# Exit codes\n\n| code | name | meaning |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}

function schema(type: z.ZodType): string {
  return `${JSON.stringify(z.toJSONSchema(type), undefined, 2)}\n`;
}
