// A file with a secret, as a path or as a credential of the unit: read with suspicion, by this thread or by another. What
// it holds is for others to say. No writing.
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { credentialOf } from '../config/credential.js';

/** No sensible key file is longer. */
export const MAXIMUM_FILE = 4096;
/** Without O_NONBLOCK a named pipe would hold us until somebody writes. */
const OPENING = constants.O_RDONLY | constants.O_NONBLOCK;

/** Closed set: what can be wrong with a key file. */
export type KeyProblem =
  | 'missing'
  | 'unreadable'
  | 'not-a-file'
  | 'permissions'
  | 'short'
  | 'malformed'
  | 'exists'
  | 'rotating'
  | 'unwritable'
  | 'credential';

/** The message says what was expected, what was found and what to do; never any of the key. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
  readonly problem: KeyProblem;
  constructor(problem: KeyProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/** Whose file it is, and who may read it. */
export type Ownership = Pick<Stats, 'uid' | 'gid' | 'mode'>;

/** What is said of a file of this kind: the setting that names it, what it holds, and how one is made. */
export interface SecretWords {
  readonly setting: string;
  readonly holds: string;
  readonly make: string;
}

export interface Reading {
  readonly text: string;
  readonly ownership: Ownership;
}

/** Where systemd has put it; null: it gives this process no credentials. */
export function credentialPath(keyFile: string): string | null {
  const folder = process.env['CREDENTIALS_DIRECTORY'];
  const name = credentialOf(keyFile);
  return name === null || folder === undefined || folder === '' ? null : join(folder, name);
}

/** The file to open for what the setting says. @throws KeyFileError */
function placeOf(keyFile: string): string {
  if (credentialOf(keyFile) === null) return keyFile;
  const path = credentialPath(keyFile);
  if (path !== null) return path;
  const message = `${keyFile}: only the unit sees its credentials, and this process is not of it; whether the agent has the key says: understudy status.`;
  throw new KeyFileError('credential', message);
}

/** The text, read by another thread. Rejects with a KeyFileError. */
export async function readSecretLater(path: string, words: SecretWords): Promise<string> {
  const file = await open(placeOf(path), OPENING).catch((error: unknown) => {
    throw openingError(path, words, codeOf(error));
  });
  try {
    checkFile(path, words, await file.stat());
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAXIMUM_FILE), 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The file's text, after all checks that need no look at its content. @throws KeyFileError */
export function readSecret(path: string, words: SecretWords): Reading {
  let file: number;
  try {
    file = openSync(placeOf(path), OPENING);
  } catch (error) {
    throw error instanceof KeyFileError ? error : openingError(path, words, codeOf(error));
  }
  try {
    const ownership = fstatSync(file);
    checkFile(path, words, ownership);
    const buffer = Buffer.alloc(MAXIMUM_FILE);
    return { text: buffer.toString('latin1', 0, readSync(file, buffer)), ownership };
  } finally {
    closeSync(file);
  }
}

function openingError(path: string, { make }: SecretWords, code: string): KeyFileError {
  const credential = credentialOf(path);
  if (credential !== null && code === 'ENOENT') {
    const remedy = `systemctl edit understudy, with LoadCredential=${credential}:PATH in [Service], then restart it.`;
    return new KeyFileError('missing', `${path}: the unit has no such credential; ${remedy}`);
  }
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new KeyFileError('missing', `${path}: there is no key file; ${make}`);
  }
  const remedy =
    credential === null
      ? 'the agent needs read access; run it as root, or "chown" the file to its user.'
      : "systemd shows it to the unit's own user (User=) alone; start the agent by its unit: systemctl restart understudy.";
  return new KeyFileError('unreadable', `${path}: cannot be read (${code}); ${remedy}`);
}

function checkFile(path: string, { setting, holds }: SecretWords, stats: Stats): void {
  if (!stats.isFile()) {
    const found = stats.isDirectory() ? 'a folder' : 'a special file';
    const message = `${path}: expected a regular file, found ${found}; set ${setting} to a file.`;
    throw new KeyFileError('not-a-file', message);
  }
  // Read access for the file's group is the administrator's choice; more is a mistake.
  if ((stats.mode & 0o027) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    const found = `expected mode 0600 or 0640, found ${mode}`;
    const remedy = `"chmod 0600 ${path}", and a new key if others may have read it.`;
    throw new KeyFileError('permissions', `${path}: ${found}; ${remedy}`);
  }
  if (stats.size > MAXIMUM_FILE) {
    const found = `found ${stats.size} bytes`;
    throw new KeyFileError('malformed', `${path}: expected ${holds}, ${found}.`);
  }
}

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : String(error);
