// The words of one statement as values: numbers, times, addresses; a word that is none is an error of the account.
// No blocks: see conversion.ts.
import { nearestName } from '../config/spelling.js';
import { familyOf, parseAddress, type IpAddress } from '../model/address.js';
import type { Account } from './account.js';
import type { Statement } from './blocks.js';
import type { Reasons } from './keywords.js';

/** The word at a position behind the keyword; empty when there is none. */
export const wordAt = ({ words }: Statement, position: number): string =>
  words[position]?.text ?? '';

export const keywordOf = (statement: Statement): string => wordAt(statement, 0);

export interface Range {
  readonly minimum: number;
  readonly maximum: number;
  readonly fallback: number;
}

/** The whole number behind the keyword. */
export function numberOf(statement: Statement, range: Range, account: Account): number {
  const text = wordAt(statement, 1);
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : NaN;
  if (value >= range.minimum && value <= range.maximum) return value;
  const expected = `a whole number from ${range.minimum} to ${range.maximum} behind ${keywordOf(statement)}`;
  failWord(statement, expected, text, account);
  return range.fallback;
}

/** The time behind the keyword, in milliseconds; it is written in seconds, fractions allowed. */
export function timeOf(statement: Statement, range: Range, account: Account): number {
  const text = wordAt(statement, 1);
  const seconds = /^\d+(?:\.\d*)?$|^\.\d+$/.test(text) ? Number(text) : NaN;
  if (seconds >= range.minimum && seconds <= range.maximum) return Math.round(seconds * 1000);
  const expected = `seconds from ${range.minimum} to ${range.maximum} behind ${keywordOf(statement)}`;
  failWord(statement, expected, text, account);
  return range.fallback * 1000;
}

/** `10.0.0.1/24`, and without a prefix length as keepalived reads it: a host alone. */
export function addressOf(
  text: string,
): { readonly address: IpAddress; readonly prefixLength: number; readonly bare: boolean } | null {
  const [host = '', length, ...more] = text.split('/');
  const address = parseAddress(host);
  if (address === null || more.length > 0) return null;
  const longest = familyOf(address) === 'ipv4' ? 32 : 128;
  if (length === undefined) return { address, prefixLength: longest, bare: true };
  const prefixLength = /^\d{1,3}$/.test(length) ? Number(length) : NaN;
  if (!(prefixLength >= 1 && prefixLength <= longest)) return null;
  return { address, prefixLength, bare: false };
}

export function failWord(
  { place }: Statement,
  expected: string,
  text: string,
  account: Account,
): void {
  const found = text === '' ? 'nothing' : JSON.stringify(text);
  const undefinedName = /\$\{?\w/.test(text);
  const remedy = undefinedName
    ? 'define the name, or import the file on the host where it is defined'
    : 'correct the line; keepalived --config-test says what keepalived makes of it';
  account.fail({ place, expected, found, remedy });
}

/** A statement that has no counterpart, with all that stands in its braces; or one that nobody knows. */
export function leaveOut(
  statement: Statement,
  reasons: Reasons,
  known: readonly string[],
  account: Account,
): void {
  const word = keywordOf(statement);
  const reason = Object.hasOwn(reasons, word) ? reasons[word] : undefined;
  if (reason !== undefined) {
    drop(statement, reason, account);
    return;
  }
  const near = nearestName(word, [...known, ...Object.keys(reasons)]);
  const guess = near === null ? 'correct it' : `did you mean ${near}? else correct it`;
  account.fail({
    place: statement.place,
    expected: 'a word of keepalived.conf that may stand here',
    found: JSON.stringify(word),
    remedy: `${guess}, or put # in front of the line when it may be left out`,
  });
}

export function drop(statement: Statement, reason: string, account: Account): void {
  account.dropped(statement.place, reason);
  hideSecrets(statement, account);
  for (const inner of statement.inside ?? []) drop(inner, reason, account);
}

function hideSecrets(statement: Statement, account: Account): void {
  if (keywordOf(statement) === 'auth_pass') account.hide(wordAt(statement, 1));
}
