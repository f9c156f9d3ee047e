// Asks a peer about shared settings: one connection, one request, one answer, one deadline. No decision.
import { connect } from 'node:tls';
import {
  encodeFrame,
  FrameReader,
  PeerSlow,
  readAnswer,
  type PeerAnswer,
  type PeerRequest,
} from './exchange.js';
import { EXCHANGE_LIMIT_MS } from './peer-server.js';
import { TLS_OPTIONS, type SyncKey } from './secret.js';

export interface PeerPlace {
  readonly addresses: readonly string[];
  readonly port: number;
}

/** No answer came; the message says from where, why, and what to do. */
export class PeerUnanswered extends Error {
  override readonly name = 'PeerUnanswered';
}

/** For a connection, in milliseconds: the next address is tried then. */
const CONNECT_LIMIT_MS = 1_500;

/**
 * The answer of the first address that gives one, under the first key that is taken.
 * @param limitMs after which no other is tried.
 * @throws PeerSlow (rejects) when one is reached and does not answer in time, PeerUnanswered when none is.
 */
export async function callPeer(
  { addresses, port }: PeerPlace,
  keys: readonly SyncKey[],
  request: PeerRequest,
  limitMs = EXCHANGE_LIMIT_MS,
): Promise<PeerAnswer> {
  const failures: string[] = [];
  let slow: PeerSlow | null = null;
  const endsAt = performance.now() + limitMs;
  const frame = encodeFrame(request);
  for (const address of addresses) {
    for (const key of keys) {
      const left = endsAt - performance.now();
      if (left <= 0) break;
      try {
        return await ask({ host: address, port }, key, frame, left);
      } catch (error) {
        if (error instanceof PeerSlow) slow = error;
        const { message } = error as Error;
        failures.push(`${address}: ${message}`);
        // Another key would find the same.
        if (!(error instanceof NotAgreed)) break;
      }
    }
  }
  if (slow !== null) throw slow;
  throw new PeerUnanswered(
    `no answer on TCP port ${port} (${failures.join('; ')}): is the port open between the two, and ha.sync not off there?`,
  );
}

/** The connection stood, and TLS did not: perhaps the other has another key. */
class NotAgreed extends Error {}

function ask(
  { host, port }: { readonly host: string; readonly port: number },
  key: SyncKey,
  frame: Buffer,
  limitMs: number,
): Promise<PeerAnswer> {
  return new Promise((resolve, reject) => {
    const reader = new FrameReader();
    let connected = false;
    let agreed = false;
    const socket = connect({
      host,
      port,
      ...TLS_OPTIONS,
      pskCallback: () => ({ psk: key.secret, identity: key.identity }),
      // There is no certificate: the key says who it is.
      checkServerIdentity: () => undefined,
    });
    const fail = (error: Error): void =>
      give(connected && !agreed ? new NotAgreed(`no TLS with our key: ${error.message}`) : error);
    const silent = (how: string): PeerSlow =>
      new PeerSlow(`no answer on TCP port ${port} (${host}: ${how})`);
    const give = (error: Error): void => {
      clearTimeout(whole);
      clearTimeout(first);
      reject(error);
      socket.destroy();
    };
    // After a stall of our own, what came meanwhile still waits to be read.
    const whole = setTimeout(() => {
      const words = `too slow: ${(limitMs / 1_000).toFixed(1)} s`;
      setImmediate(() => give(connected ? silent(words) : new Error(words)));
    }, limitMs);
    const first = setTimeout(() => {
      setImmediate(() => {
        if (!connected) give(new Error('nobody answers'));
      });
    }, CONNECT_LIMIT_MS);
    socket.once('connect', () => (connected = true));
    socket.once('secureConnect', () => {
      agreed = true;
      socket.write(frame);
    });
    // Once it has our request it may do what it is asked.
    const ended = (words: string): void => (agreed ? give(silent(words)) : fail(new Error(words)));
    socket.on('error', ({ message }: Error) => ended(message));
    socket.on('close', () => ended('the connection ended before the answer'));
    socket.on('data', (bytes: Buffer) => {
      const text = reader.take(bytes);
      if (text === null) return;
      if (text instanceof Error) return fail(text);
      const answer = readAnswer(text);
      if (answer === null) return fail(new Error('an answer of another form than expected'));
      clearTimeout(whole);
      clearTimeout(first);
      resolve(answer);
      socket.end();
    });
  });
}
