// Watches the addresses of one namespace as the kernel announces them. No judgement on who should
// hold what.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';

/** One line that `monitorOf('address')` prints. */
export interface AddressNotice {
  /** When `ip` was told, milliseconds since the epoch: independent of this process's event loop. */
  readonly at: number;
  readonly interface: string;
  /** Of the interface: its name may change. */
  readonly index: number;
  /** Without its prefix length. */
  readonly address: string;
  readonly present: boolean;
}

/**
 * The command line of `ip monitor`, one notice a line, each with its time in UTC: by the local clock, an hour comes
 * twice where summer time ends.
 */
export const monitorOf = (...objects: readonly string[]): string[] => [
  'env',
  'TZ=UTC',
  'ip',
  '-o',
  '-tshort',
  'monitor',
  ...objects,
];

/** `2026-01-02T03:04:05` and the microseconds, as `monitorOf` has them: milliseconds since 1970. */
export const noticedAt = (seconds: string, micros: string): number =>
  Date.parse(`${seconds}Z`) + Number(micros) / 1000;

const LINE =
  /^\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{6})\] (Deleted )?(\d+): (\S+?)(?:@\S+)?\s+inet6? ([0-9a-f.:]+)/;

/** Reads one line that `monitorOf('address')` prints; null when it tells of no address. */
export function parseNotice(line: string): AddressNotice | null {
  const match = LINE.exec(line);
  if (match === null) return null;
  const [, seconds = '', micros = '', deleted, index, device = '', address = ''] = match;
  return {
    at: noticedAt(seconds, micros),
    interface: device,
    index: Number(index),
    address,
    present: deleted === undefined,
  };
}

/** An address on the loopback interface that shows that the subscription stands. */
const MARKER = '127.255.0.1';

/** The kernel tells each renewal of a lifetime too: only what begins or ends to stand is news. */
function isNews(held: Set<string>, { index, address, present }: AddressNotice): boolean {
  const key = `${index} ${address}`;
  if (!present) held.delete(key);
  else if (held.has(key)) return false;
  else held.add(key);
  return true;
}

/** How the watcher hands its lines over. */
export interface WatchOptions {
  /**
   * A file between the watcher and us. A pipe holds some hundred lines, and while we do not read it the watcher waits,
   * and the kernel drops notices: for those who have a thousand addresses move at once.
   */
  readonly through?: string;
  /** The kernel has dropped notices: what is known is not the whole truth any more. */
  readonly onLost?: (text: string) => void;
}

/**
 * Starts watching. Resolves when the subscription certainly stands, so that no later change is
 * missed; `inside` puts a command line into the namespace, `poke` runs one there.
 */
export async function watchAddresses(
  inside: (argv: readonly string[]) => string[],
  poke: (argv: readonly string[]) => Promise<unknown>,
  onNotice: (notice: AddressNotice) => void,
  options: WatchOptions = {},
): Promise<ChildProcess> {
  const argv = inside(monitorOf('address'));
  const held = new Set<string>();
  let stands: () => void = () => undefined;
  const standing = new Promise<true>((resolve) => (stands = () => resolve(true)));
  const child = start(argv, options, (line) => {
    const notice = parseNotice(line);
    if (notice === null) return;
    if (notice.address === MARKER) stands();
    else if (isNews(held, notice)) onNotice(notice);
  });
  // Nothing says when the subscription stands: each poke makes one notice, and the first seen proves it.
  for (let round = 0; round < 500; round += 1) {
    await poke(['ip', 'address', 'replace', `${MARKER}/32`, 'dev', 'lo']);
    const soon = new Promise<false>((resolve) => setTimeout(() => resolve(false), 5));
    if (await Promise.race([standing, soon])) return child;
  }
  throw new Error('ip monitor: expected a notice of an added address, found none');
}

function start(
  [command = '', ...rest]: readonly string[],
  { through, onLost }: WatchOptions,
  onLine: (line: string) => void,
): ChildProcess {
  const output = through === undefined ? 'pipe' : openSync(through, 'w');
  const child = spawn(command, rest, { stdio: ['ignore', output, 'pipe'] });
  if (typeof output === 'number') closeSync(output);
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on('line', (text) => {
      if (text.includes('No buffer space')) onLost?.(text);
      process.stderr.write(`${text}\n`);
    });
  }
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', onLine);
  if (through !== undefined) {
    const stop = followFile(through, onLine);
    child.once('exit', stop);
  }
  return child;
}

/** So often a file is looked at, in ms: its lines bear their times. */
const LOOK_MS = 20;

/** Hands over each line that is written to the file; the returned function ends that. */
function followFile(path: string, onLine: (line: string) => void): () => void {
  const file = openSync(path, 'r');
  const buffer = Buffer.alloc(64 * 1024);
  let rest = '';
  const timer = setInterval(() => {
    for (;;) {
      const length = readSync(file, buffer, 0, buffer.length, null);
      if (length === 0) return;
      const lines = (rest + buffer.toString('latin1', 0, length)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    }
  }, LOOK_MS);
  return () => {
    clearInterval(timer);
    closeSync(file);
  };
}
