// The files of a keepalived.conf: reading them, and finding those that an include names. No meaning: see src/import.
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { ImportSource } from '../../import/lines.js';

/** All files of one import together. A thousand instances are half of it. */
const LARGEST_IMPORT_BYTES = 512 * 1024;

/** Reads from the disk. What keepalived itself would not read is a problem in words. */
export function fileReader(): ImportSource['read'] {
  let left = LARGEST_IMPORT_BYTES;
  return (path) => {
    try {
      const bytes = readBounded(path, left);
      left -= bytes.length;
      return textOf(bytes);
    } catch (error) {
      return { problem: error instanceof Refusal ? error.message : accessProblem(path, error) };
    }
  };
}

class Refusal extends Error {}

function readBounded(path: string, most: number): Buffer {
  // O_NONBLOCK: opening a FIFO would otherwise wait for a writer.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new Refusal(`${path} is no file`);
    if (status.size > most) {
      throw new Refusal(
        `${status.size} bytes in ${path}, and the files of an import have at most ${LARGEST_IMPORT_BYTES} together: import the part with the vrrp_instance blocks`,
      );
    }
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function textOf(bytes: Buffer): ReturnType<ImportSource['read']> {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    const line = lineOfFault(bytes);
    return {
      problem: `bytes that are not UTF-8 in line ${line} (Latin-1?): iconv -f latin1 -t utf-8 FILE > NEW converts it`,
    };
  }
}

function lineOfFault(bytes: Buffer): number {
  const lines = bytes.toString('latin1').split('\n');
  const at = lines.findIndex((line) => {
    const again = Buffer.from(line, 'latin1');
    return !again.equals(Buffer.from(again.toString('utf8'), 'utf8'));
  });
  return at + 1;
}

function accessProblem(path: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return `there is no file ${path}`;
  if (code === 'EACCES') return `${path} may not be read by this user: run as root`;
  return `${path} cannot be read (${code})`;
}

/** The files that a pattern of glob(7) names, sorted; braces as csh has them. */
export const globFiles: ImportSource['glob'] = (pattern, folder) => {
  const found = new Set<string>();
  for (const one of bracesOf(pattern)) {
    const whole = isAbsolute(one) ? one : join(folder, one);
    const parts = whole.split('/').filter((part) => part !== '');
    for (const path of matching('/', parts)) found.add(path);
  }
  return [...found].toSorted();
};

const MOST_ALTERNATIVES = 1000;

/** `a{b,c}` to `ab` and `ac`. */
function bracesOf(pattern: string): string[] {
  const done: string[] = [];
  const open = [pattern];
  for (let round = 0; round < MOST_ALTERNATIVES; round += 1) {
    const one = open.pop();
    if (one === undefined) break;
    // The innermost first: it has no braces in it.
    const match = /\{([^{}]*)\}/.exec(one);
    if (match === null) done.push(one);
    else {
      const tail = one.slice(match.index + match[0].length);
      const head = one.slice(0, match.index);
      open.push(...(match[1] ?? '').split(',').map((choice) => head + choice + tail));
    }
  }
  return done;
}

function matching(folder: string, parts: readonly string[]): string[] {
  const [part, ...rest] = parts;
  if (part === undefined) return [folder];
  if (!/[*?[]/.test(part)) {
    const path = join(folder, part);
    return rest.length > 0 ? matching(path, rest) : namesIn(folder).includes(part) ? [path] : [];
  }
  const pattern = patternOf(part);
  return namesIn(folder)
    .filter((name) => pattern.test(name) && (part.startsWith('.') || !name.startsWith('.')))
    .flatMap((name) => matching(join(folder, name), rest));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function patternOf(part: string): RegExp {
  const source = part.replace(/\[!?[^\]]+\]|[*?]|[^\w]/g, (piece) => {
    if (piece === '*') return '.*';
    if (piece === '?') return '.';
    if (piece.length > 1) return piece.replace(/^\[!/, '[^').replaceAll('\\', '\\\\');
    return `\\${piece}`;
  });
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    return /(?!)/;
  }
}
