// What stands at the path of each program of the bundle: loads the program's file, and for it the files that
// programs share. Stack traces name lines of the sources, whose map is read when the first one is asked for.
// esbuild puts in which program it is.
import { readFileSync } from 'node:fs';
import type * as Module from 'node:module';
import type { SourceMap, SourceMapPayload } from 'node:module';
import { join } from 'node:path';
import type * as Url from 'node:url';
import { Script } from 'node:vm';
import { codeFor } from './compiled-code.js';

/** The name of the program's file, and the way from here to the folder that all paths of programs begin at. */
declare const PROGRAM: string;
declare const TO_TOP: string;
/** Of each file of the bundle, by its name. */
declare const DIGESTS: Readonly<Record<string, string>>;

type PartFunction = (
  exports: object,
  require: (name: string) => unknown,
  module: { exports: unknown },
  urlOf: (source: string) => string,
) => void;

/** What bundle.ts puts before a name that is seldom asked for. */
const LATER = 'later:';
const top = join(__dirname, TO_TOP);
const files = join(top, 'program');
const loaded = new Map<string, { exports: unknown }>();

/** Where a file of the sources would be if it were compiled alone: what it refers to is found from there. */
function urlOf(source: string): string {
  const { pathToFileURL } = require('node:url') as typeof Url;
  return pathToFileURL(join(top, source)).href;
}

function load(name: string): unknown {
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const filename = join(files, name);
  const module = { exports: {} };
  loaded.set(name, module);
  // esbuild writes ASCII.
  const text = readFileSync(filename, 'latin1');
  const cachedData = codeFor(filename, DIGESTS[name] ?? '');
  const script = new Script(text, { filename, cachedData });
  const part = script.runInThisContext() as PartFunction;
  part(module.exports, requireFrom, module, urlOf);
  return module.exports;
}

/** Not loaded before something of it is asked for. */
const later = (name: string): object =>
  new Proxy({}, { get: (_target, key) => (require(name) as Record<typeof key, unknown>)[key] });

/** The files of the bundle refer to each other as `./NAME.cjs`, and to nothing else by a path. */
function requireFrom(name: string): unknown {
  if (name.startsWith('./') && name.endsWith('.cjs')) return load(name.slice(2));
  return name.startsWith(LATER) ? later(name.slice(LATER.length)) : require(name);
}

const maps = new Map<string, SourceMap | null>();

function mapOf(file: string): SourceMap | null {
  const known = maps.get(file);
  if (known !== undefined) return known;
  let map: SourceMap | null = null;
  try {
    const { SourceMap } = require('node:module') as typeof Module;
    map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')) as SourceMapPayload);
  } catch {
    // A trace that names lines of the bundle is better than none.
  }
  maps.set(file, map);
  return map;
}

/** One line of a stack trace: `at decide (src/core/pair.ts:12:3)`. */
function lineOf(frame: NodeJS.CallSite): string {
  const file = frame.getFileName() ?? '';
  const line = frame.getLineNumber() ?? 1;
  const column = frame.getColumnNumber() ?? 1;
  const text = (frame as { toString(): string }).toString();
  if (!file.startsWith(files)) return text;
  const entry = mapOf(file)?.findEntry(line - 1, column - 1);
  if (entry === undefined || !('originalSource' in entry)) return text;
  const place = `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  return text.replace(`${file}:${line}:${column}`, place);
}

Error.prepareStackTrace = (error, frames) =>
  [String(error), ...frames.map((frame) => `    at ${lineOf(frame)}`)].join('\n');

load(`${PROGRAM}.cjs`);
