// The keys that advertisements are signed with: what their file says. No cryptography, no writing.
import { KeyFileError, readSecret, readSecretLater, type SecretWords } from './secret-file.js';

/** Bytes of a key: at least what draft-cassen-vrrp-auth-hmac asks for, at most a block of SHA-256. */
const KEY_BYTES = { least: 32, most: 64 } as const;
/** One that signs, one that did, and one that will. */
const MAXIMUM_KEYS = 8;

const WORDS: SecretWords = {
  setting: 'signing.keyFile',
  holds: `at most ${MAXIMUM_KEYS} keys`,
  make: 'write one with: (umask 077; echo "1 $(openssl rand -hex 32)" > FILE), and copy it to every router of the group.',
};

/** One key, and the number that says in an advertisement which it was. */
export interface SigningKey {
  /** 1..255. */
  readonly id: number;
  readonly secret: Buffer;
}

/**
 * The keys of the file, the one to sign with first. Each line has a number and a key of 64 to 128 hexadecimal digits
 * ("hex:" may stand before them, as keepalived writes it); empty lines, and lines that begin with "#", say nothing.
 * @throws KeyFileError
 */
export const readSigningKeys = (path: string): readonly SigningKey[] =>
  keysOf(path, readSecret(path, WORDS).text);

/** The same, read by another thread. Rejects with a KeyFileError. */
export const readSigningKeysLater = async (path: string): Promise<readonly SigningKey[]> =>
  keysOf(path, await readSecretLater(path, WORDS));

function keysOf(path: string, text: string): readonly SigningKey[] {
  const keys: SigningKey[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const key = keyOf(`${path}, line ${index + 1}`, line.trim());
    if (keys.some(({ id }) => id === key.id)) {
      const found = `found ${key.id} twice; give one of the two another number, on every router.`;
      throw new KeyFileError('malformed', `${path}: expected each number once, ${found}`);
    }
    keys.push(key);
  }
  if (keys.length === 0) {
    throw new KeyFileError('short', `${path}: expected a key, found none; ${WORDS.make}`);
  }
  if (keys.length > MAXIMUM_KEYS) {
    const found = `found ${keys.length}; remove those that no router signs with.`;
    throw new KeyFileError('malformed', `${path}: expected ${WORDS.holds}, ${found}`);
  }
  return keys;
}

/** Never says anything of what it has found in the place of a key but its length. */
function keyOf(place: string, line: string): SigningKey {
  const [number = '', key = '', ...more] = line.split(/\s+/);
  const id = Number(number);
  if (!/^\d{1,3}$/.test(number) || id < 1 || id > 255 || key === '' || more.length > 0) {
    const expected = 'expected a number from 1 to 255 and a key, with a space between them';
    throw new KeyFileError('malformed', `${place}: ${expected}, found something else.`);
  }
  const digits = key.replace(/^hex:/, '');
  const { least, most } = KEY_BYTES;
  const expected = `expected ${least * 2} to ${most * 2} hexadecimal digits`;
  if (!/^[\da-f]+$/i.test(digits)) {
    throw new KeyFileError('malformed', `${place}: ${expected}, found other characters.`);
  }
  if (digits.length < least * 2 || digits.length > most * 2 || digits.length % 2 !== 0) {
    const problem = digits.length < least * 2 ? 'short' : 'malformed';
    const remedy = 'write a new key (openssl rand -hex 32), the same on every router.';
    throw new KeyFileError(problem, `${place}: ${expected}, found ${digits.length}; ${remedy}`);
  }
  return { id, secret: Buffer.from(digits, 'hex') };
}
