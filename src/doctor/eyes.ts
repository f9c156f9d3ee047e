// What the doctor looks with: files, folders, commands, questions to the witness. A test gives others. No meaning.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Settings } from '../config/settings.js';
import type { WitnessSight } from './facts.js';
import { askWitness } from './witness-look.js';

export interface Eyes {
  /** The text of a file; null when it cannot be read. */
  readonly text: (path: string) => string | null;
  /** The names in a folder; empty when it cannot be read. */
  readonly names: (path: string) => readonly string[];
  readonly link: (path: string) => string | null;
  /** What a command prints; null when it fails or is not there. */
  readonly run: (command: string, ...words: readonly string[]) => Promise<string | null>;
  /** What each endpoint of the witness answers. */
  readonly witness: (settings: Settings) => Promise<readonly WitnessSight[]>;
  readonly disk: (
    path: string,
  ) => Promise<{ readonly freeBytes: number; readonly freeFiles: number } | null>;
}

/** No command may hold the doctor up for longer. */
const COMMAND_LIMIT_MS = 5_000;

const quietly = <Value>(look: () => Value, otherwise: Value): Value => {
  try {
    return look();
  } catch {
    return otherwise;
  }
};

/** Of this host and network namespace. */
export const ownEyes: Eyes = {
  text: (path) => quietly(() => readFileSync(path, 'utf8'), null),
  names: (path) => quietly(() => readdirSync(path), []),
  link: (path) => quietly(() => readlinkSync(path), null),
  run: async (command, ...words) => {
    try {
      const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
      const env = { ...process.env, PATH: path, LC_ALL: 'C' };
      const options = { env, timeout: COMMAND_LIMIT_MS, maxBuffer: 64 * 1024 * 1024 };
      return (await promisify(execFile)(command, words, options)).stdout;
    } catch {
      return null;
    }
  },
  witness: askWitness,
  disk: async (path) => {
    try {
      const { bavail, bsize, ffree, files } = await statfs(path);
      // A file system without a number of files (btrfs) has no end of them.
      return { freeBytes: bavail * bsize, freeFiles: files === 0 ? Infinity : ffree };
    } catch {
      return null;
    }
  },
};
