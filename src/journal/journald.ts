// A line of the log as an entry of journald's own: its native protocol, with a priority and fields of ours. No
// sockets, and nothing that waits.
import { createHash } from 'node:crypto';
import { fstatSync } from 'node:fs';
import { plainText } from '../model/plain-text.js';

/** Takes a line of the log, JSON; false when journald did not. */
export type Journald = (line: string) => boolean;

const SOCKET = '/run/systemd/journal/socket';
const STANDARD_OUTPUT = 1;

/** syslog(3). */
const PRIORITIES: Readonly<Record<string, number>> = {
  fatal: 2,
  error: 3,
  warn: 4,
  info: 6,
  debug: 7,
};

/**
 * @param send one datagram at once; false when it could not be sent.
 * @param journalStream JOURNAL_STREAM of systemd.exec(5): device and inode of the stream to the journal.
 * @returns what takes lines while standard output is the journal; elsewhere what takes none.
 */
export function journaldOf(
  send: (path: string, bytes: Uint8Array) => boolean,
  journalStream: string | undefined = process.env['JOURNAL_STREAM'],
  socket: string = SOCKET,
): Journald {
  if (journalStream === undefined || journalStream !== standardOutput()) return () => false;
  return (line) => {
    const entry = entryOf(line);
    return entry !== null && send(socket, entry);
  };
}

function standardOutput(): string | null {
  try {
    const { dev, ino } = fstatSync(STANDARD_OUTPUT);
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

/**
 * The MESSAGE_ID of a kind of event, the same in every release: the first half of the SHA-256 of `understudy event `
 * and its name, marked as a UUID of version 8 (RFC 9562).
 */
export function messageId(event: string): string {
  const bytes = createHash('sha256').update(`understudy event ${event}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex');
}

/** null for what is no line of the log. */
export function entryOf(line: string): Buffer | null {
  let record: Readonly<Record<string, unknown>>;
  try {
    record = JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
  const { level, msg, event, virtualRouter, reason, name } = record;
  const fields: [string, unknown][] = [
    ['MESSAGE', typeof msg === 'string' ? plainText(msg, 'lines') : undefined],
    ['PRIORITY', String(PRIORITIES[String(level)] ?? 6)],
    ['SYSLOG_IDENTIFIER', 'understudy'],
    ['MESSAGE_ID', typeof event === 'string' ? messageId(event) : undefined],
    ['UNDERSTUDY_EVENT', event],
    ['UNDERSTUDY_VIRTUAL_ROUTER', virtualRouter],
    ['UNDERSTUDY_REASON', reason],
    ['UNDERSTUDY_NAME', name],
    // All of it, as it stands elsewhere.
    ['UNDERSTUDY_RECORD', line.trimEnd()],
  ];
  return Buffer.concat(
    fields.flatMap(([field, value]) => (typeof value === 'string' ? [encoded(field, value)] : [])),
  );
}

/** `FIELD=value`; a value with a line break has its length before it, 64 bits, little endian. */
function encoded(field: string, value: string): Buffer {
  if (!value.includes('\n')) return Buffer.from(`${field}=${value}\n`);
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${field}\n`), length, bytes, Buffer.from('\n')]);
}
