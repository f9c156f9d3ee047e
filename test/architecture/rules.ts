// The rules of the house, as a function from one source file to what is wrong with it. Reads no
// disk, so that small bad examples can show that every rule bites.
import { posix } from 'node:path';
import { blank, cFunctions, importsOf, lineAt, typescriptFunctions } from './source-text.js';

export interface SourceFile {
  /** From the project's root: `src/core/instance.ts`. */
  readonly path: string;
  readonly text: string;
}

export type Rule =
  | 'import'
  | 'purity'
  | 'node-api'
  | 'include'
  | 'file-length'
  | 'function-length'
  | 'first-line'
  | 'word'
  | 'test-limit'
  | 'bare-wait';

export interface Violation {
  readonly rule: Rule;
  readonly path: string;
  readonly line: number;
  /** What was found and what was expected. */
  readonly message: string;
}

export const FILE_LIMIT = 450;
export const FUNCTION_LIMIT = 70;

/**
 * The units of the executor: each includes the headers of those before it only, and its own. So there is no
 * circle, and whoever reads from the left knows all that a unit stands on.
 */
const EXECUTOR_UNITS = [
  'clock',
  'report',
  'frame',
  'process',
  'standby',
  'child',
  'queue',
  'will',
  'lease',
  'renewal',
  'duty',
  'main',
];
/** What addon and executor share. */
const SHARED_HEADERS = new Set(['../lease_words.h']);

interface Room {
  /** Rooms it may import from. */
  readonly rooms: readonly string[];
  /** Whether Node's modules and packages are open to it. */
  readonly outside: boolean;
}

const AGENT_ROOMS = [
  'model',
  'wire',
  'core',
  'core/machine',
  'core/fitness',
  'core/peers',
  'config',
  'kernel',
  'executor',
  'monitors',
  'witness',
  'control',
  'host',
  'files',
  'hooks',
  'journal',
  'json',
  'peer-channel',
  'timers',
  'metrics',
  'sync-service',
  'engine',
];

/** The rooms of the core, the lowest first: what stands in `src/core` itself puts them together. */
const CORE_ROOMS = ['core/machine', 'core/fitness', 'core/peers', 'core/decisions'];

/** Who may import whom. A room's own files are always allowed. `main` is src/main.ts. */
const ROOMS: Readonly<Record<string, Room>> = {
  model: { rooms: [], outside: false },
  wire: { rooms: ['model'], outside: false },
  core: { rooms: ['model', ...CORE_ROOMS], outside: false },
  'core/machine': { rooms: ['model'], outside: false },
  'core/fitness': { rooms: ['model'], outside: false },
  'core/peers': { rooms: ['model', 'core/machine'], outside: false },
  'core/decisions': { rooms: ['model', 'core/machine', 'core/peers'], outside: false },
  config: { rooms: ['model', 'files'], outside: true },
  sync: { rooms: ['model', 'config'], outside: true },
  'sync-service': {
    rooms: [
      'model',
      'config',
      'host',
      'files',
      'json',
      'sync',
      'timers',
      'control',
      'engine',
      'kernel',
    ],
    outside: true,
  },
  kernel: { rooms: ['model', 'wire'], outside: true },
  executor: { rooms: ['model', 'timers'], outside: true },
  monitors: { rooms: ['model', 'kernel', 'json', 'witness', 'engine'], outside: true },
  engine: { rooms: [], outside: true },
  witness: { rooms: ['model'], outside: true },
  control: { rooms: ['model', 'config', 'json'], outside: true },
  host: { rooms: ['model', 'config'], outside: true },
  timers: { rooms: [], outside: true },
  json: { rooms: [], outside: true },
  files: { rooms: ['timers'], outside: true },
  journal: { rooms: ['model', 'files', 'timers'], outside: true },
  hooks: { rooms: ['model', 'config', 'executor', 'journal', 'json', 'timers'], outside: true },
  'peer-channel': {
    rooms: ['model', 'wire', 'config', 'kernel', 'host', 'journal'],
    outside: true,
  },
  metrics: { rooms: ['model'], outside: false },
  agent: { rooms: AGENT_ROOMS, outside: true },
  import: { rooms: ['model', 'config'], outside: false },
  doctor: { rooms: ['model', 'config', 'kernel', 'wire', 'witness'], outside: true },
  snmp: { rooms: ['model', 'timers'], outside: true },
  console: {
    rooms: ['model', 'config', 'control', 'metrics', 'snmp', 'timers', 'engine'],
    outside: true,
  },
  cli: {
    rooms: ['model', 'config', 'control', 'files', 'host', 'import', 'doctor', 'console'],
    outside: true,
  },
  main: {
    rooms: [...AGENT_ROOMS, 'import', 'doctor', 'agent', 'cli', 'console', 'snmp'],
    outside: true,
  },
};

/** What a process beside the agent may do with its own memory. */
const SETTLED = 'src/kernel/settled.js';

/** Where a room is open only in part: the answer is a complaint, or null. */
function narrowing(
  path: string,
  from: string,
  to: string,
  target: string,
  typeOnly: boolean,
): string | null {
  if (
    from === 'monitors' &&
    to === 'kernel' &&
    target !== SETTLED &&
    !/^src\/monitors\/(?:link|own-sources)/.test(path)
  ) {
    return 'only the link monitor and the choice of sources may import kernel, and the prober what settles it';
  }
  if (from === 'sync-service' && to === 'kernel' && target !== SETTLED) {
    return 'of kernel, the sync service may import what settles a process only';
  }
  if (from === 'core/peers' && to === 'core/machine' && !typeOnly) {
    return 'peers may import types of the machine only (import type)';
  }
  if (
    from === 'core/decisions' &&
    /^src\/core\/machine\/(?:virtual-router|active)\b/.test(target)
  ) {
    return 'a decision steps nothing: it may import states, timing and what is known of a virtual router';
  }
  if (from === 'doctor' && to === 'kernel' && path !== 'src/doctor/listen.ts') {
    return 'of the doctor, only listen opens a socket';
  }
  if (from === 'doctor' && to === 'witness' && path !== 'src/doctor/witness-look.ts') {
    return 'of the doctor, only witness-look asks a witness';
  }
  if (from === 'import' && to === 'config' && !/^src\/config\/(?:schema|spelling)\b/.test(target)) {
    return 'of config, import may import schema and spelling only: the others read files';
  }
  if (
    from === 'sync' &&
    to === 'config' &&
    /^src\/config\/(?:load|save|elsewhere)\b/.test(target)
  ) {
    return 'of config, sync may import what reads no file';
  }
  if (['control', 'hooks', 'peer-channel'].includes(from) && to === 'config' && !typeOnly) {
    return `${from} may import types of config only (import type)`;
  }
  if (
    from === 'peer-channel' &&
    to === 'host' &&
    !/^src\/host\/(peer-key|secret-file)/.test(target)
  ) {
    return 'of host, peer-channel may import the key file only';
  }
  if (
    from === 'agent' &&
    /^src\/config\/(?:load|save|document)\b/.test(target) &&
    path !== 'src/agent/main.ts' &&
    !typeOnly
  ) {
    return 'a running agent reads settings on another thread (config/elsewhere): import type only';
  }
  if (from === 'console' && to === 'config' && !/^src\/config\/(?:schema|on-page)\b/.test(target)) {
    return 'of config, console may import the schema and what of it the page changes only';
  }
  if (
    from === 'console' &&
    to === 'control' &&
    /^(?:server|requests)/.test(posix.basename(target))
  ) {
    return 'console may import the control client, not the server';
  }
  if (from === 'cli' && to === 'console' && path !== 'src/cli/commands/console.ts') {
    return 'only the command console may import console: it is a process of its own';
  }
  if (from === 'cli' && to === 'control' && /(?:^|\/)server/.test(posix.basename(target))) {
    return 'cli may import the control client, not the server';
  }
  return null;
}

/** All that is wrong with one file of src, native or scripts. */
export function violations(file: SourceFile): Violation[] {
  const checks = [
    ...importViolations(file),
    ...purityViolations(file),
    ...nodeApiViolations(file),
    ...includeViolations(file),
    ...lengthViolations(file),
    ...firstLineViolations(file),
    ...wordViolations(file),
  ];
  return checks.sort((left, right) => left.line - right.line);
}

function importViolations(file: SourceFile): Violation[] {
  if (!file.path.startsWith('src/')) return [];
  const from = roomOf(file.path);
  const room = ROOMS[from];
  if (room === undefined) {
    const message = `expected a room of src (${Object.keys(ROOMS).join(', ')}), found ${from}`;
    return [{ rule: 'import', path: file.path, line: 1, message }];
  }
  return importsOf(file.text).flatMap(({ specifier, typeOnly, line }) => {
    const complaint = importComplaint(file.path, from, room, specifier, typeOnly);
    return complaint === null
      ? []
      : [{ rule: 'import' as const, path: file.path, line, message: `${specifier}: ${complaint}` }];
  });
}

function importComplaint(
  path: string,
  from: string,
  room: Room,
  specifier: string,
  typeOnly: boolean,
): string | null {
  if (!specifier.startsWith('.')) {
    return room.outside ? null : `${from} imports neither Node's modules nor packages`;
  }
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  if (!target.startsWith('src/')) {
    // The version stands in package.json, which is data.
    return target === 'package.json' ? null : 'src imports nothing outside src';
  }
  const to = roomOf(target);
  if (to === from) return null;
  if (to === 'main') return 'main.ts is the composition root: nobody imports it';
  if (!room.rooms.includes(to)) {
    return `${from} may import ${room.rooms.join(', ') || 'nothing'}, not ${to}`;
  }
  return narrowing(path, from, to, target, typeOnly);
}

/** `src/core/instance.ts` is in `core`, `src/core/peers/sight.ts` in `core/peers`; `src/main.ts` is `main`. */
function roomOf(path: string): string {
  const [, room = '', inner, file] = path.split('/');
  if (room === 'core' && file !== undefined) return `core/${inner}`;
  return room.replace(/\.[jt]s$/, '');
}

const IMPURE =
  /(?<![.\w$])(?:Date(?!\.parse\b)|performance|setTimeout|setInterval|setImmediate|queueMicrotask|Promise|async|await|console|process|globalThis|require)\b|\bMath\.random\b/g;

function purityViolations({ path, text }: SourceFile): Violation[] {
  if (!/^src\/(?:core|model|import|metrics)\//.test(path)) return [];
  const code = blank(text, { strings: true });
  return [...code.matchAll(IMPURE)].map((match) => ({
    rule: 'purity',
    path,
    line: lineAt(code, match.index),
    message: `${match[0]}: time and chance are inputs of core, model, import and metrics`,
  }));
}

/** The units of the addon that know Node-API, or what stands on it. */
const NODE_API_UNITS = /^native\/addon\/(?:addon|arguments|look|requests|resource)\.[ch]$/;

function nodeApiViolations({ path, text }: SourceFile): Violation[] {
  if (!path.startsWith('native/') || NODE_API_UNITS.test(path)) return [];
  const index = text.search(
    /#include\s*[<"](?:node_api|js_native_api|(?:arguments|look|requests|resource)\.h)/,
  );
  if (index < 0) return [];
  const message = 'only addon, arguments, look, requests and resource know Node-API';
  return [{ rule: 'node-api', path, line: lineAt(text, index), message }];
}

function includeViolations({ path, text }: SourceFile): Violation[] {
  if (!/^native\/.*\.[ch]$/.test(path)) return [];
  const [, , unit = ''] = /^native\/(addon|executor)\/(\w+)\.[ch]$/.exec(path) ?? [];
  const place = EXECUTOR_UNITS.indexOf(unit);
  const broken = (header: string): string | null => {
    if (SHARED_HEADERS.has(header)) return null;
    if (header.includes('/')) return 'addon and executor share lease_words.h only';
    if (!path.startsWith('native/executor/')) return null;
    const other = EXECUTOR_UNITS.indexOf(header.replace(/\.h$/, ''));
    if (place >= 0 && other >= 0 && other <= place) return null;
    return `${unit} stands on ${EXECUTOR_UNITS.slice(0, Math.max(0, place)).join(', ') || 'nothing'}`;
  };
  return [...text.matchAll(/^#include "([^"]+)"/gm)].flatMap(({ 1: header = '', index }) => {
    const complaint = broken(header);
    const message = `${header}: ${complaint}`;
    return complaint === null
      ? []
      : [{ rule: 'include', path, line: lineAt(text, index), message }];
  });
}

function lengthViolations({ path, text }: SourceFile): Violation[] {
  if (!/\.(?:ts|c|h)$/.test(path)) return [];
  const lines = text.trimEnd().split('\n').length;
  const spans = path.endsWith('.ts') ? typescriptFunctions(text) : cFunctions(text);
  const long = spans.filter((span) => span.lines > FUNCTION_LIMIT);
  const functions: Violation[] = long.map((span) => ({
    rule: 'function-length',
    path,
    line: span.line,
    message: `expected at most ${FUNCTION_LIMIT} lines a function, found ${span.lines} of its own`,
  }));
  if (lines <= FILE_LIMIT) return functions;
  const message = `expected at most ${FILE_LIMIT} lines a file, found ${lines}`;
  return [{ rule: 'file-length', path, line: FILE_LIMIT, message }, ...functions];
}

function firstLineViolations({ path, text }: SourceFile): Violation[] {
  const [first = '', second = ''] = text.split('\n');
  // A comment in a frame of its own has its first words on the second line.
  const opening = first.startsWith('#!') || first === '/*' ? second : first;
  if (/^(?:\/\/|\/\*| \*|#) ?\S/.test(opening)) return [];
  const message = `expected a comment that says what the file is and is not, found "${opening}"`;
  return [{ rule: 'first-line', path, line: 1, message }];
}

/** RFC 9568 has the words; these are other protocols', or say nothing. Names of other packages are theirs. */
const BANNED =
  /(?<!service |network-?)manager|(?<!deb-systemd-)helper|heartbeat|(?<![a-z]|node:|bpctl_|xz-|shadow-)utils?(?![a-z]|-linux)/gi;
const FOREIGN = /masters?(?![a-z])|slaves?(?![a-z])/gi;
/** keepalived says master, the kernel's bridge ports (`link set … master`), VRRPV3-MIB, and Debian's path of AgentX. */
const FOREIGN_CONTEXT = /keepalived|IFLA_MASTER|link set \S+ master|vrrpv3\w*Master|agentx.master/i;

function wordViolations({ path, text }: SourceFile): Violation[] {
  const lines = [path, ...text.split('\n')];
  // What reads keepalived's file has keepalived's words.
  const foreign = path.startsWith('src/import/');
  return lines.flatMap((line, index) => {
    const context = lines.slice(Math.max(0, index - 3), index + 1).join('\n');
    const found = [...(line.match(BANNED) ?? [])];
    if (!foreign && !FOREIGN_CONTEXT.test(context)) found.push(...(line.match(FOREIGN) ?? []));
    return found.map((word) => ({
      rule: 'word' as const,
      path,
      line: Math.max(1, index),
      message: `"${word}": say what it is, in the words of RFC 9568`,
    }));
  });
}

/** All that is wrong with one file of test. */
export function testViolations(file: SourceFile): Violation[] {
  return [...testLimitViolations(file), ...bareWaitViolations(file)];
}

function testLimitViolations({ path, text }: SourceFile): Violation[] {
  // The one makes tests with a limit of them, the other runs files of those.
  if (path === 'test/support/test.ts' || path === 'test/support/run.ts') return [];
  return importsOf(text)
    .filter(({ specifier }) => specifier === 'node:test')
    .map(({ line }) => ({
      rule: 'test-limit',
      path,
      line,
      message: 'import it from test/support/test.ts, which gives each test its limit',
    }));
}

/** Waits that would say nothing at their end: of an event, of a promise made on the spot, of a loop. */
const BARE_WAIT =
  /\bawait (?:once\(|new Promise\b)|\bwhile \([^\n]*\bawait\b|^( *)while \([^\n]*\{\n(?:(?!\1\})[^\n]*\n)*?[^\n]*\bawait\b/gm;

function bareWaitViolations({ path, text }: SourceFile): Violation[] {
  if (path === 'test/support/limits.ts') return [];
  const code = blank(text, { strings: true });
  const message = 'wait by until, within, eventOf or linesOf (test/support/limits.ts)';
  const waits = [...code.matchAll(BARE_WAIT)].map(({ index }) => lineAt(code, index));
  const pauses = importsOf(text).filter(({ specifier }) => specifier === 'node:timers/promises');
  return [...waits, ...pauses.map(({ line }) => line)].map((line) => ({
    rule: 'bare-wait',
    path,
    line,
    message,
  }));
}
