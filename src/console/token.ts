// The file of the token that a person signs in with: made when there is none, and refused when others may read it. No
// sessions: see sessions.ts.
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';

/** Shorter ones can be guessed. */
const SHORTEST = 16;
const LARGEST_FILE_BYTES = 4_096;

/** Why there is no token: what was expected, what was found, what to do. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** Makes the file with a fresh token, for this user alone, when it is not there. @returns whether it was made. */
export function makeToken(path: string): boolean {
  try {
    writeFileSync(path, `${randomBytes(24).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return false;
    throw new TokenError(
      `expected to make the token file ${path}, which is not there (${code})`,
      `make its folder for the user of the console, or write the file: head -c 24 /dev/urandom | base64 >${path}; chmod 600 ${path}`,
    );
  }
}

/** The token in the file. @throws TokenError when others may read it, or it is none. */
export function readToken(path: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new TokenError(
      `expected the token file ${path}, it cannot be read (${codeOf(error)})`,
      'give it to the user that the console runs as, with mode 0600',
    );
  }
  try {
    const status = fstatSync(descriptor);
    const { mode, size } = status;
    if (!status.isFile())
      throw new TokenError(`expected a file at ${path}`, 'name another tokenFile');
    const octal = (mode & 0o777).toString(8).padStart(4, '0');
    if ((mode & 0o077) !== 0) {
      throw new TokenError(
        `expected that nobody else may read ${path}, found mode ${octal}`,
        `chmod 600 ${path}, and write another token into it: others may have read this one`,
      );
    }
    if (size > LARGEST_FILE_BYTES)
      throw new TokenError(
        `expected one line in ${path}, found ${size} bytes`,
        'write the token alone into it',
      );
    const token = readFileSync(descriptor, 'utf8').trim();
    if (token.length >= SHORTEST && !/\s/.test(token)) return token;
    throw new TokenError(
      `expected one word of at least ${SHORTEST} characters in ${path}, found ${token.length}`,
      `remove the file and start the console again: it makes one`,
    );
  } finally {
    closeSync(descriptor);
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);
