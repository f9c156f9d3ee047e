// state.json: what must survive the agent. Today that is which addresses may stand on which interface
// because of us, so that a start or `understudy release` can remove what a crash left. No decisions.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { atomicWriteFile } from '../config/save.js';
import { formatAddressWithPrefix, parseAddressWithPrefix } from '../model/address.js';
import type { AddressTarget } from '../model/netlink-script.js';

export const stateFilePath = (stateDirectory: string): string => join(stateDirectory, 'state.json');

interface StateFile {
  readonly version: 1;
  readonly addresses: readonly { readonly interface: string; readonly address: string }[];
}

export function formatState(standing: readonly AddressTarget[]): string {
  const state: StateFile = {
    version: 1,
    addresses: standing.flatMap(({ interface: name, addresses }) =>
      addresses.map((address) => ({ interface: name, address: formatAddressWithPrefix(address) })),
    ),
  };
  return `${JSON.stringify(state, null, 2)}\n`;
}

/**
 * The addresses recorded in the file. A missing file means none; one that cannot be understood is
 * told in `problem` and means none: the settings name the addresses too.
 */
export function readState(path: string): { standing: AddressTarget[]; problem: string | null } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { standing: [], problem: code === 'ENOENT' ? null : `${path}: ${message}` };
  }
  const standing = parseState(text);
  return standing === null
    ? { standing: [], problem: `${path}: a state file expected; it will be written anew` }
    : { standing, problem: null };
}

function parseState(text: string): AddressTarget[] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isStateFile(value)) return null;
  const targets: AddressTarget[] = [];
  for (const entry of value.addresses) {
    const address = parseAddressWithPrefix(entry.address);
    if (address !== null) targets.push({ interface: entry.interface, addresses: [address] });
  }
  return targets;
}

function isStateFile(value: unknown): value is StateFile {
  if (typeof value !== 'object' || value === null) return false;
  const { version, addresses } = value as Partial<StateFile>;
  return (
    version === 1 &&
    Array.isArray(addresses) &&
    addresses.every(
      (entry: unknown) =>
        typeof entry === 'object' &&
        entry !== null &&
        typeof (entry as { interface?: unknown }).interface === 'string' &&
        typeof (entry as { address?: unknown }).address === 'string',
    )
  );
}

/** A file rewritten in the background: the newest text wins, one write at a time. */
export interface BackgroundFile {
  write(text: string): void;
  problem(): string | null;
  flush(): Promise<void>;
}

export function createBackgroundFile(path: string, durable: boolean): BackgroundFile {
  let wanted: string | null = null;
  let written: string | null = null;
  let failure: string | null = null;
  let writing: Promise<void> | null = null;

  const writeAll = async (): Promise<void> => {
    // The caller must have `writing` before this can reset it, also when nothing is to be written.
    await Promise.resolve();
    while (wanted !== null) {
      const text = wanted;
      wanted = null;
      try {
        if (text !== written) await atomicWriteFile(path, text, { mode: 0o640, durable });
        written = text;
        failure = null;
      } catch (error) {
        // What the file holds now, if there still is one, nobody knows: any text is news to it.
        written = null;
        failure = `${path}: ${(error as Error).message}`;
      }
    }
    writing = null;
  };

  return {
    write: (text) => {
      wanted = text;
      writing ??= writeAll();
    },
    problem: () => failure,
    flush: async () => {
      await writing;
    },
  };
}
