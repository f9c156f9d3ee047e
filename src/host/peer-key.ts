// The shared secret of the HA port: what its file says, and writing a new one, beside the former one or alone. No
// cryptography beyond drawing random bytes.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { credentialOf, credentialRefusal } from '../config/credential.js';
import {
  codeOf,
  KeyFileError,
  MAXIMUM_FILE,
  readSecret,
  readSecretLater,
  type Ownership,
  type SecretWords,
} from './secret-file.js';

/** Bytes of a key: as long as the output of SHA-256. */
const KEY_LENGTH = 32;
const WORDS: SecretWords = {
  setting: 'ha.keyFile',
  holds: 'one or two keys',
  make: 'write one with "understudy keygen" on one appliance, and copy that file to the others.',
};

/** What a key file holds. */
export interface KeyFile {
  readonly key: Buffer;
  /** Accepted beside the key until every appliance has that; null when there is none. */
  readonly former: Buffer | null;
}

/** In front of the former key: no character of it but the letters may stand in a key. */
const FORMER = 'former:';

/**
 * Reads the key, and the former one, if the file has one behind the word "former:". Each is 64 hexadecimal
 * digits, or base64 of at least 32 bytes; white space is ignored.
 * @throws KeyFileError
 */
export const readKeyFile = (path: string): KeyFile => keysOf(path, readSecret(path, WORDS).text);

/** The same, read by another thread. Rejects with a KeyFileError. */
export const readKeyFileLater = async (path: string): Promise<KeyFile> =>
  keysOf(path, await readSecretLater(path, WORDS));

/** The keys in the text of the file at `path`. @throws KeyFileError */
function keysOf(path: string, text: string): KeyFile {
  const [first = '', second, ...more] = text.replaceAll(/\s/g, '').split(FORMER);
  const key = keyOf(path, first);
  if (second === undefined) return { key, former: null };
  if (more.length > 0) {
    const message = `${path}: expected one former key, found ${more.length + 1}; remove all but one line that begins with "${FORMER}".`;
    throw new KeyFileError('malformed', message);
  }
  const former = keyOf(path, second);
  return { key, former: former.equals(key) ? null : former };
}

function keyOf(path: string, text: string): Buffer {
  const fresh =
    credentialOf(path) === null
      ? 'write a new one with "understudy keygen --force" and copy it to every peer.'
      : 'put a new one (openssl rand -hex 32) where LoadCredential= finds it, on every peer.';
  if (/^[\da-f]*$/i.test(text)) {
    // Digits lost from the end would still be base64 of something: say so instead.
    if (text.length === KEY_LENGTH * 2) return Buffer.from(text, 'hex');
    throw new KeyFileError(
      text.length < KEY_LENGTH * 2 ? 'short' : 'malformed',
      `${path}: expected ${KEY_LENGTH * 2} hexadecimal digits, found ${text.length}; ${fresh}`,
    );
  }
  if (!/^[\w+/-]+={0,2}$/.test(text)) {
    const expected = `${KEY_LENGTH * 2} hexadecimal digits or base64`;
    throw new KeyFileError('malformed', `${path}: expected ${expected}, found neither; ${fresh}`);
  }
  const key = Buffer.from(text, 'base64');
  if (key.length >= KEY_LENGTH) return key;
  const found = `expected at least ${KEY_LENGTH} bytes in base64, found ${key.length}`;
  throw new KeyFileError('short', `${path}: ${found}; ${fresh}`);
}

interface GenerateOptions {
  readonly force?: boolean;
  /** Replaces fsync(2). For tests, which see here what is forced to the disk, and when. */
  readonly sync?: (descriptor: number) => void;
}

/**
 * Writes 32 random bytes as 64 hexadecimal digits, mode 0600, by way of a temporary file beside it,
 * forced to the disk. Written by root, it belongs to the owner of its folder: the agent has to read
 * it. An existing file stays as it is unless `force`: replacing the key on one
 * appliance cuts it off from the others.
 * @throws KeyFileError
 */
export function generateKey(path: string, options: GenerateOptions = {}): void {
  writeKeyFile(path, `${randomBytes(KEY_LENGTH).toString('hex')}\n`, options);
}

/**
 * Puts a new key in front of the one that stands there, which becomes the former one. The file is whole
 * at every instant, the old one or the new one.
 * @throws KeyFileError `rotating` when there is a former key already: an appliance may have no other.
 */
export function rotateKey(path: string): KeyFile {
  const { text: before, ownership } = readSecret(path, WORDS);
  const { key: former, former: earlier } = keysOf(path, before);
  if (earlier !== null) {
    const remedy = '"understudy key retire" ends it, once every peer has the key.';
    throw new KeyFileError('rotating', `${path}: a rotation is under way already; ${remedy}`);
  }
  const key = randomBytes(KEY_LENGTH);
  const text = `${textOf(key)}\n${FORMER} ${textOf(former)}\n`;
  if (text.length > MAXIMUM_FILE) {
    const found = `found a key of ${former.length} bytes, which cannot stand beside another`;
    const remedy = '"understudy keygen --force" replaces it.';
    throw new KeyFileError('malformed', `${path}: ${found}; ${remedy}`);
  }
  writeKeyFile(path, text, { force: true }, ownership);
  return { key, former };
}

/**
 * Takes the former key out of the file. @returns what the file held before.
 * @throws KeyFileError
 */
export function retireKey(path: string): KeyFile {
  const { text, ownership } = readSecret(path, WORDS);
  const before = keysOf(path, text);
  if (before.former !== null) {
    writeKeyFile(path, `${textOf(before.key)}\n`, { force: true }, ownership);
  }
  return before;
}

/** As `keyOf` reads it. */
const textOf = (key: Buffer): string => key.toString(key.length === KEY_LENGTH ? 'hex' : 'base64');

/** `ownership`: of the file that is replaced; without one it belongs to the owner of its folder. */
function writeKeyFile(
  path: string,
  text: string,
  options: GenerateOptions,
  ownership?: Ownership,
): void {
  const refusal = credentialRefusal(path);
  if (refusal !== null) throw new KeyFileError('credential', refusal);
  const sync = options.sync ?? fsyncSync;
  const temporary = join(dirname(path), `.${randomBytes(6).toString('hex')}.key.tmp`);
  try {
    writeDurably(temporary, text, sync, ownership);
    // Unlike rename, link refuses to replace: no moment between looking and writing.
    if (options.force === true) renameSync(temporary, path);
    else linkSync(temporary, path);
    syncFolder(dirname(path), sync);
  } catch (error) {
    throw writingError(path, codeOf(error));
  } finally {
    rmSync(temporary, { force: true });
  }
}

function writeDurably(
  path: string,
  text: string,
  sync: (descriptor: number) => void,
  ownership?: Ownership,
): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    // Only root may give a file away.
    const { uid, gid } = ownership ?? statSync(dirname(path));
    if (fstatSync(file).uid === 0 && uid !== 0) fchownSync(file, uid, gid);
    // The umask may have taken away more than it should.
    fchmodSync(file, ownership === undefined ? 0o600 : ownership.mode & 0o640);
    writeFileSync(file, text);
    sync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(path: string, sync: (descriptor: number) => void): void {
  const folder = openSync(path, 'r');
  try {
    sync(folder);
  } finally {
    closeSync(folder);
  }
}

function writingError(path: string, code: string): KeyFileError {
  if (code === 'EEXIST') {
    const remedy = 'copy it to the peers, or replace it on all of them (--force).';
    return new KeyFileError('exists', `${path}: there is a key already; ${remedy}`);
  }
  const folder = dirname(path);
  const remedy = code === 'ENOENT' ? `create ${folder} first.` : 'run as root?';
  return new KeyFileError('unwritable', `${path}: cannot be written (${code}); ${remedy}`);
}
