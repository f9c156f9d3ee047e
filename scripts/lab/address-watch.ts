// Watches the addresses of one namespace as the kernel announces them. No judgement on who should
// hold what.
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** One line of `ip -o -tshort monitor address`. */
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

const LINE =
  /^\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{6})\] (Deleted )?(\d+): (\S+?)(?:@\S+)?\s+inet6? ([0-9a-f.:]+)/;

/** Reads one line of `ip -o -tshort monitor address`; null when it tells of no address. */
export function parseNotice(line: string): AddressNotice | null {
  const match = LINE.exec(line);
  if (match === null) return null;
  const [, seconds = '', micros = '', deleted, index, device = '', address = ''] = match;
  return {
    at: Date.parse(seconds) + Number(micros) / 1000,
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

/**
 * Starts watching. Resolves when the subscription certainly stands, so that no later change is
 * missed; `inside` puts a command line into the namespace, `poke` runs one there.
 */
export async function watchAddresses(
  inside: (argv: readonly string[]) => string[],
  poke: (argv: readonly string[]) => Promise<unknown>,
  onNotice: (notice: AddressNotice) => void,
): Promise<ChildProcess> {
  const [command = '', ...rest] = inside(['ip', '-o', '-tshort', 'monitor', 'address']);
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const held = new Set<string>();
  const standing = new Promise<true>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const notice = parseNotice(line);
      if (notice === null) return;
      if (notice.address === MARKER) resolve(true);
      else if (isNews(held, notice)) onNotice(notice);
    });
  });
  // Nothing says when the subscription stands: each poke makes one notice, and the first seen proves it.
  for (let round = 0; round < 500; round += 1) {
    await poke(['ip', 'address', 'replace', `${MARKER}/32`, 'dev', 'lo']);
    const soon = new Promise<false>((resolve) => setTimeout(() => resolve(false), 5));
    if (await Promise.race([standing, soon])) return child;
  }
  throw new Error('ip monitor: expected a notice of an added address, found none');
}
