// Who is at the other end of a connection, as a name for events. Nothing that the request says counts.
import { readFile } from 'node:fs/promises';
import type { Duplex } from 'node:stream';

/** The user of the process that connected, by the kernel's word; null when it cannot be told. */
export type UserOf = (fd: number) => number | null;

/** Nothing that moves a cursor, ends a line or looks like nothing; the longest name useradd(8) makes. */
const NAME = /^[^\p{C}\p{Z}]{1,32}$/u;

/** The user of a connection that is still open; null when it cannot be told. Asked before anything is awaited. */
export function userAt(socket: Duplex, userOf: UserOf | undefined): number | null {
  // Node has no public name for the descriptor of a connection.
  const { _handle: handle } = socket as { _handle?: { readonly fd?: number } | null };
  const fd = handle?.fd ?? -1;
  return fd < 0 ? null : (userOf?.(fd) ?? null);
}

/** The user's name on this host, or `uid 1234` where /etc/passwd has none; empty for null. Never rejects. */
export async function nameOf(uid: number | null, userFile = '/etc/passwd'): Promise<string> {
  if (uid === null) return '';
  const text = await readFile(userFile, 'utf8').catch(() => '');
  return userName(text, uid) ?? `uid ${uid}`;
}

/** The first name of a user in the text of /etc/passwd (passwd(5)) that can be shown; null when there is none. */
export function userName(text: string, uid: number): string | null {
  for (const line of text.split('\n')) {
    const [name = '', , id] = line.split(':');
    if (id === String(uid) && NAME.test(name)) return name;
  }
  return null;
}
