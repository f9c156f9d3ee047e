// Whether a request may come in at all: to a name that is ours, and, where it changes something, from our own page.
// Nothing is known here of who is signed in.
import { isIP } from 'node:net';
import { refuse, type Answer } from './answer.js';

export interface Gate {
  /** Further names under which browsers reach the console, without port, in lower case. */
  readonly names: ReadonlySet<string>;
  /** Of the browser's side: `https` with TLS or a proxy that does it. */
  readonly scheme: 'http' | 'https';
  /** Behind a proxy, or at a unix socket: the address that the browser used is not known here. */
  readonly addressUnknown: boolean;
}

export interface Arrival {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The address of ours that the connection came to; undefined at a unix socket. */
  readonly localAddress: string | undefined;
}

/** Null when it may come in. A page elsewhere whose name leads here (DNS rebinding) names itself in Host. */
export function turnedAway(gate: Gate, { method, headers, localAddress }: Arrival): Answer | null {
  const host = headers['host'];
  if (typeof host !== 'string' || !isOurs(gate, host, localAddress)) {
    return refuse(
      421,
      'wrong-host',
      `expected a name or address of this console, found ${JSON.stringify(String(host).slice(0, 100))}`,
      'use the address that it listens at, or add the name to console.names and restart it',
    );
  }
  if (method === 'GET' || method === 'HEAD') return null;
  const site = headers['sec-fetch-site'];
  const { origin } = headers;
  if (origin === `${gate.scheme}://${host}` && (site === undefined || site === 'same-origin'))
    return null;
  return refuse(
    403,
    'cross-site',
    `expected a request of its own page, found the origin ${JSON.stringify(String(origin).slice(0, 100))}`,
    'open the console itself, and give the order there',
  );
}

function isOurs(gate: Gate, host: string, localAddress: string | undefined): boolean {
  const [, bracketed, plain = ''] =
    /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  const name = (bracketed ?? plain).toLowerCase();
  if (name === '') return false;
  if (name === 'localhost' || gate.names.has(name)) return true;
  if (isIP(name) === 0) return false;
  return gate.addressUnknown || name === (localAddress ?? '').replace(/^::ffff:/, '');
}
