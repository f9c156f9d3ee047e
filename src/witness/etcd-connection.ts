// One connection to one etcd: JSON over HTTP/1.1, kept open, with TLS where the endpoint says https. It is used until
// its first failure. What is asked, and what an answer means: etcd.ts.
import {
  Agent,
  request,
  type ClientRequest,
  type ClientRequestArgs,
  type IncomingMessage,
} from 'node:http';
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, createSecureContext, type ConnectionOptions } from 'node:tls';
import { readCertificate, readSecret, type CredentialFiles } from './credentials.js';
import { WitnessAway } from './witness.js';

/** How a connection to a host is made: options of `net.connect`. */
export interface Route {
  readonly lookup?: LookupFunction;
  readonly localAddress?: string;
}

/**
 * Tries the ways to a host until one is not refused. `begin` tries one and returns what takes it down; `fail` is
 * called when none is left.
 */
export type Reach = (
  host: string,
  begin: (route: Route, refused: (error: Error) => void) => () => void,
  fail: (error: Error) => void,
) => () => void;

/** As the kernel and the resolver have it. */
export const directly: Reach = (_, begin, fail) => begin({}, fail);

/** More than any answer to a question about one key. */
const LARGEST_ANSWER = 64 * 1024;

export interface Answer {
  readonly status: number;
  /** As JSON, if it is any. */
  readonly body: unknown;
}

export class EtcdConnection {
  /** `10.0.0.9:2379`, for people. */
  readonly place: string;
  readonly #url: URL;
  readonly #agent: Agent;
  #hasAnswered = false;

  constructor(endpoint: string, files: CredentialFiles, reach: Reach) {
    this.#url = new URL(endpoint);
    this.place = this.#url.host;
    this.#agent = new OneSocket(this.#url, files, reach);
  }

  close(): void {
    this.#agent.destroy();
  }

  /**
   * Sends one question. Rejects when there is no answer: the connection is of no use any more then.
   * @param token of a user, if there is one.
   */
  ask(path: string, body: object, token: string | null, signal: AbortSignal): Promise<Answer> {
    const text = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const asked: ClientRequest = request({
        agent: this.#agent,
        host: this.#url.hostname,
        port: portOf(this.#url),
        path: `${this.#url.pathname.replace(/\/$/, '')}${path}`,
        method: 'POST',
        signal,
        headers: {
          host: this.#url.host,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(text),
          ...(token === null ? {} : { authorization: token }),
        },
      });
      asked.on('response', (response) => {
        this.#hasAnswered = true;
        collect(response, resolve, reject);
      });
      // Stays: an error after the answer must not end the process.
      const mayBeTls = this.#url.protocol === 'http:' && !this.#hasAnswered;
      asked.on('error', (error) => reject(mayBeTls ? reset(error, NO_ANSWER) : error));
      asked.end(text);
    });
  }
}

/** What Node says itself where the other end closes, and not where it resets, which it does with bytes that it has not read. */
const NOT_SECURE = 'before secure TLS connection was established';
const NO_ANSWER = 'before any answer';

/** A connection that was reset says when: who does not speak as we do resets it early. */
function reset(error: Error, when: string): Error {
  const code = 'code' in error ? error.code : undefined;
  if (code !== 'ECONNRESET' || error.message.includes('before ')) return error;
  return Object.assign(new Error(`${error.message} ${when}`, { cause: error }), { code });
}

function collect(
  response: IncomingMessage,
  resolve: (answer: Answer) => void,
  reject: (error: Error) => void,
): void {
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (part: string) => {
    text += part;
    if (text.length <= LARGEST_ANSWER) return;
    response.destroy();
    reject(new WitnessAway(`expected an answer of etcd, found more than ${LARGEST_ANSWER} bytes`));
  });
  response.on('error', reject);
  response.on('end', () => {
    resolve({ status: response.statusCode ?? 0, body: parsed(text) });
  });
}

/** The first line: an answer that is a stream has one message a line. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text.trim().split('\n')[0] ?? '');
  } catch {
    return undefined;
  }
}

const portOf = (url: URL): number =>
  url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);

/** Keeps one socket open; TLS is below HTTP, so that one agent serves both. */
class OneSocket extends Agent {
  readonly #url: URL;
  readonly #files: CredentialFiles;
  readonly #reach: Reach;
  #takeDown = (): void => undefined;

  constructor(url: URL, files: CredentialFiles, reach: Reach) {
    super({ keepAlive: true, maxSockets: 1, noDelay: true });
    this.#url = url;
    this.#files = files;
    this.#reach = reach;
  }

  /** An attempt to connect that is under way ends, too. */
  override destroy(): void {
    this.#takeDown();
    super.destroy();
  }

  override createConnection(
    _: ClientRequestArgs,
    created?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    // With an error, nobody looks at the socket.
    const failed = (error: Error): void => created?.(error, undefined as unknown as Duplex);
    const done = (socket: Socket): void => created?.(null, socket);
    // An IPv6 address stands in brackets there.
    const host = this.#url.hostname.replaceAll(/[[\]]/g, '');
    let tls: ConnectionOptions | null;
    try {
      tls = this.#url.protocol === 'https:' ? tlsOptions(host, this.#files) : null;
    } catch (error) {
      setImmediate(() => failed(error as Error));
      return;
    }
    this.#takeDown = this.#reach(
      host,
      (route, refused) => {
        const to = { host, port: portOf(this.#url), ...route };
        const socket = tls === null ? connectTcp(to) : connectTls({ ...tls, ...to });
        const fail = (error: Error): void =>
          settle(() => refused(tls === null ? error : reset(error, NOT_SECURE)))();
        const settle = (then: () => void) => (): void => {
          socket.removeListener('error', fail);
          // Between two owners of the socket nobody else would take an error.
          socket.on('error', () => undefined);
          then();
        };
        socket.once(
          tls === null ? 'connect' : 'secureConnect',
          settle(() => done(socket)),
        );
        socket.once('error', fail);
        return () => socket.destroy();
      },
      failed,
    );
  }
}

/** Files that are none are told here: once the host's address is known nobody could. @throws WitnessAway */
function tlsOptions(host: string, files: CredentialFiles): ConnectionOptions {
  const { caFile, certificateFile, privateKeyFile } = files;
  const ca = caFile === null ? {} : { ca: readCertificate('caFile', caFile) };
  const own =
    certificateFile === null || privateKeyFile === null
      ? {}
      : {
          cert: readCertificate('certificateFile', certificateFile),
          key: readSecret('privateKeyFile', privateKeyFile),
        };
  try {
    return {
      // An address is no server name (RFC 6066 §3); the certificate is compared with it nevertheless.
      servername: isIP(host) === 0 ? host : '',
      secureContext: createSecureContext({ ...ca, ...own }),
    };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new WitnessAway(
      `expected witness.privateKeyFile to be the key, without a passphrase, of witness.certificateFile, found: ${found}`,
    );
  }
}
