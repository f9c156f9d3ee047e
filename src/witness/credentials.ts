// The files that a connection to a witness needs: certificates, a private key, a password. They are read anew for each
// connection, since they may have been replaced. No sockets.
import { X509Certificate } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { WitnessAway } from './witness.js';

/** Absolute paths; null for what is not set. */
export interface CredentialFiles {
  /** What the engine's certificate must be signed by; null: by those that Node trusts. */
  readonly caFile: string | null;
  /** Both or none. */
  readonly certificateFile: string | null;
  readonly privateKeyFile: string | null;
  /** Both or none. */
  readonly user: string | null;
  readonly passwordFile: string | null;
}

/** Larger ones are none of these. */
const LARGEST_BYTES = 256 * 1024;

/** One certificate or more, as PEM. @throws WitnessAway */
export function readCertificate(setting: string, path: string): Buffer {
  const text = read(setting, path, false);
  try {
    if (new X509Certificate(text).raw.length > 0) return text;
  } catch {
    // Told below.
  }
  throw new WitnessAway(
    `witness.${setting} ${path}: expected a certificate (-----BEGIN CERTIFICATE-----), found another text`,
  );
}

/** A file that only its owner and his group may read. @throws WitnessAway */
export const readSecret = (setting: string, path: string): Buffer => read(setting, path, true);

/** The password: the file's text without the line end that an editor leaves. @throws WitnessAway */
export function readPassword(path: string): string {
  const password = readSecret('passwordFile', path)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (password !== '') return password;
  throw new WitnessAway(`witness.passwordFile ${path}: expected a password, found nothing`);
}

function read(setting: string, path: string, secret: boolean): Buffer {
  const place = `witness.${setting} ${path}`;
  let descriptor: number;
  try {
    // O_NONBLOCK: a FIFO would hold us until somebody writes.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new WitnessAway(`${place}: cannot be read (${codeOf(error)}); the agent's user needs it`);
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw new WitnessAway(`${place}: expected a regular file, found another`);
    if (stats.size > LARGEST_BYTES) {
      throw new WitnessAway(`${place}: expected at most ${LARGEST_BYTES} bytes`);
    }
    const mode = stats.mode & 0o777;
    if (secret && (mode & 0o027) !== 0) {
      const found = mode.toString(8).padStart(4, '0');
      throw new WitnessAway(
        `${place}: expected mode 0600 or 0640, found ${found}; "chmod 0600 ${path}", and a new secret if others may have read it`,
      );
    }
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);
