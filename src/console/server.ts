// The web server of the console: who may come in, who is signed in, and what is answered. Bounded in size, time and
// number. What the page asks of the agent: requests.ts; what it sees: streams.ts.
import {
  createServer as createPlain,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecure } from 'node:https';
import { lstatSync, unlinkSync } from 'node:fs';
import type { ControlClient } from '../control/client.js';
import type { ListenAddress } from '../model/listen.js';
import { bytesOf, refuse, SAFE_HEADERS, type Answer } from './answer.js';
import { about } from './fields.js';
import { turnedAway, type Gate } from './gate.js';
import { pageFile, pageFiles, type PageFile } from './page-files.js';
import { failed, ORDERS } from './requests.js';
import { SESSION_LIMITS, Sessions, type Session } from './sessions.js';
import { Streams } from './streams.js';
import { createWatch, type Watch } from './watch.js';

/** Times in milliseconds. */
const SERVER_LIMITS = {
  connections: 1_024,
  bodyBytes: 64 * 1_024,
  headerBytes: 8 * 1_024,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  /** Without a byte; a page that streams has none. */
  idleTimeoutMs: 20_000,
} as const;

export interface ConsoleOptions {
  readonly client: ControlClient;
  readonly listen: ListenAddress;
  /** PEM texts; null for plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly behindProxy: boolean;
  readonly names: readonly string[];
  /** Whether GET /metrics is answered. */
  readonly metrics: boolean;
  /** The token that is right now. @throws TokenError. */
  readonly token: () => string;
  /** Wall time, ms. */
  readonly now?: () => number;
  /** What looks at the agent for the pages; one of its own unless given. It ends with the server. */
  readonly watch?: Watch;
  /** Of the console itself, not of who uses it. */
  readonly onError: (error: unknown) => void;
}

export interface ConsoleServer {
  /** The port, when it is not a unix socket. */
  readonly port: number | null;
  close(): Promise<void>;
}

/** Starts to listen. @throws the system's error when it cannot. */
export async function startConsole(options: ConsoleOptions): Promise<ConsoleServer> {
  const now = options.now ?? Date.now;
  const watch = options.watch ?? createWatch({ client: options.client, now });
  const service = new Service(options, watch, now);
  const server = boundedServer(options, (request, response) => {
    service.answer(request, response).catch((error: unknown) => {
      options.onError(error);
      response.destroy();
    });
  });
  await listen(server, options.listen);
  server.on('error', options.onError);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : null,
    close: () =>
      new Promise((resolve) => {
        watch.end();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

function boundedServer({ tls }: ConsoleOptions, listener: Listener): Server {
  const bounds = {
    maxHeaderSize: SERVER_LIMITS.headerBytes,
    headersTimeout: SERVER_LIMITS.headersTimeoutMs,
    requestTimeout: SERVER_LIMITS.requestTimeoutMs,
    connectionsCheckingInterval: 1_000,
  };
  const server =
    tls === null
      ? createPlain(bounds, listener)
      : createSecure({ ...bounds, ...tls, minVersion: 'TLSv1.2' }, listener);
  server.maxConnections = SERVER_LIMITS.connections;
  server.timeout = SERVER_LIMITS.idleTimeoutMs;
  return server;
}

function listen(server: Server, where: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const done = (): void => {
      server.removeAllListeners('error');
      resolve();
    };
    if (where.kind === 'tcp') {
      server.listen({ host: where.host, port: where.port }, done);
      return;
    }
    removeSocket(where.path);
    // The group may use it: a proxy that is a member.
    const mask = process.umask(0o117);
    try {
      server.listen({ path: where.path }, done);
    } finally {
      process.umask(mask);
    }
  });
}

/** What an earlier console has left. Whatever else stands there makes the start fail by itself. */
function removeSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path);
}

const COOKIE = 'understudy-session';

class Service {
  readonly #options: ConsoleOptions;
  readonly #now: () => number;
  readonly #gate: Gate;
  readonly #sessions = new Sessions();
  readonly #streams: Streams;
  readonly #files: ReadonlyMap<string, PageFile> = pageFiles();
  readonly #about: PageFile = pageFile(
    'application/json; charset=utf-8',
    Buffer.from(JSON.stringify(about())),
  );

  constructor(options: ConsoleOptions, watch: Watch, now: () => number) {
    this.#options = options;
    this.#now = now;
    this.#streams = new Streams(watch, this.#sessions, now);
    const { names, behindProxy, tls, listen: where } = options;
    this.#gate = {
      names: new Set(names.map((name) => name.toLowerCase())),
      scheme: tls !== null || behindProxy ? 'https' : 'http',
      addressUnknown: behindProxy || where.kind === 'unix',
    };
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A browser that is gone takes its error along.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const result = await this.#respond(request, response);
    if (result === null || response.destroyed) return;
    const { bytes, type } = bytesOf(result);
    response.writeHead(result.status, {
      ...SAFE_HEADERS,
      'Content-Type': type,
      'Content-Length': bytes.length,
      ...result.headers,
      ...(request.complete ? {} : { Connection: 'close' }),
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
    // What is too large is not read to its end.
    if (!request.complete) response.once('finish', () => request.destroy());
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<Answer | null> {
    const { method = '', headers, socket } = request;
    const away = turnedAway(this.#gate, { method, headers, localAddress: socket.localAddress });
    if (away !== null) return away;
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (method === 'GET' || method === 'HEAD') return this.#get(path, request, response);
    if (method !== 'POST') return wrongMethod('GET, HEAD, POST');
    return this.#post(path, request);
  }

  async #get(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<Answer | null> {
    const file = this.#files.get(path);
    if (file !== undefined) return answerFile(file, request);
    if (path === '/metrics' && this.#options.metrics) return this.#metrics();
    if (ORDERS[path] !== undefined || path === '/api/sign-in' || path === '/api/sign-out') {
      return wrongMethod('POST');
    }
    const session = this.#session(request);
    if (path === '/api/session') return { status: 200, body: { signedIn: session !== null } };
    if (path !== '/api/stream' && path !== '/api/fields') return UNKNOWN;
    if (session === null) return SIGN_IN;
    if (path === '/api/fields') return answerFile(this.#about, request);
    return request.method === 'HEAD'
      ? wrongMethod('GET')
      : this.#streams.serve(request, response, session);
  }

  async #post(path: string, request: IncomingMessage): Promise<Answer> {
    const order = ORDERS[path];
    const isSession = path === '/api/sign-in' || path === '/api/sign-out';
    if (order === undefined && !isSession) {
      return this.#files.has(path) || path.startsWith('/api/') ? wrongMethod('GET') : UNKNOWN;
    }
    const session = this.#session(request);
    if (order !== undefined && session === null) return SIGN_IN;
    if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
      return refuse(415, 'wrong-type', 'expected application/json', 'send JSON');
    }
    const body = await readBody(request);
    if (body === 'too-large') {
      return refuse(
        413,
        'too-large',
        `expected at most ${SERVER_LIMITS.bodyBytes} bytes`,
        'send less',
      );
    }
    if (body === 'not-json')
      return refuse(400, 'malformed-json', 'the request is not JSON', 'send one JSON object');
    if (path === '/api/sign-in') return this.#signIn(body.value, request);
    if (path === '/api/sign-out') return this.#signOut(session);
    try {
      return order === undefined ? UNKNOWN : await order(this.#options.client, body.value);
    } catch (error) {
      return failed(error);
    }
  }

  #session({ headers }: IncomingMessage): Session | null {
    const id = new RegExp(`(?:^|; )${COOKIE}=([\\w-]+)`).exec(headers.cookie ?? '')?.[1];
    return this.#sessions.find(id, this.#now());
  }

  #signIn(body: unknown, { socket }: IncomingMessage): Answer {
    const given = typeof body === 'object' && body !== null && 'token' in body ? body.token : null;
    if (typeof given !== 'string') {
      return refuse(400, 'invalid-request', 'expected { "token": text }', 'send the token');
    }
    let token: string;
    try {
      token = this.#options.token();
    } catch (error) {
      const { message, remedy = '' } = error as Error & { remedy?: string };
      this.#options.onError(error);
      return refuse(503, 'no-token', message, remedy);
    }
    const result = this.#sessions.signIn(
      given.trim(),
      token,
      placeOf(socket.remoteAddress),
      this.#now(),
    );
    if (result.kind === 'signed-in') {
      return {
        status: 200,
        body: { ok: true },
        headers: { 'Set-Cookie': this.#cookie(result.session.id) },
      };
    }
    if (result.kind === 'wrong') {
      return refuse(
        403,
        'wrong-token',
        'this is not the token',
        'it stands in console.tokenFile on the appliance',
      );
    }
    const after = String(result.seconds);
    return refuse(
      429,
      'too-many-guesses',
      `too many wrong tokens: wait ${after} s`,
      'then try again',
      {
        'Retry-After': after,
      },
    );
  }

  #signOut(session: Session | null): Answer {
    if (session !== null) this.#sessions.signOut(session.id);
    return { status: 200, body: { ok: true }, headers: { 'Set-Cookie': this.#cookie('', 0) } };
  }

  #cookie(id: string, seconds = SESSION_LIMITS.longestMs / 1_000): string {
    const secure = this.#gate.scheme === 'https' ? '; Secure' : '';
    return `${COOKIE}=${id}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${seconds}${secure}`;
  }

  async #metrics(): Promise<Answer> {
    try {
      const body = await this.#options.client.metrics();
      return {
        status: 200,
        body,
        headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' },
      };
    } catch (error) {
      return failed(error);
    }
  }
}

const UNKNOWN = refuse(404, 'unknown-path', 'there is no such page', 'begin at /');
const SIGN_IN = refuse(
  401,
  'not-signed-in',
  'nobody is signed in, or the session has ended',
  'sign in',
);

const wrongMethod = (allowed: string): Answer =>
  refuse(405, 'wrong-method', `expected ${allowed}`, `send ${allowed}`, { Allow: allowed });

/** One household has a /64 of IPv6. */
function placeOf(address = 'unix'): string {
  const plain = address.replace(/^::ffff:/, '');
  return plain.includes(':') ? plain.split(':').slice(0, 4).join(':') : plain;
}

function answerFile({ type, bytes, gzip }: PageFile, { headers }: IncomingMessage): Answer {
  const zipped = /\bgzip\b/.test(headers['accept-encoding'] ?? '');
  const encoding = zipped ? { 'Content-Encoding': 'gzip' } : {};
  return {
    status: 200,
    body: zipped ? gzip : bytes,
    headers: { 'Content-Type': type, Vary: 'Accept-Encoding', ...encoding },
  };
}

async function readBody(
  request: IncomingMessage,
): Promise<{ readonly value: unknown } | 'too-large' | 'not-json'> {
  const { bodyBytes } = SERVER_LIMITS;
  if (Number(request.headers['content-length'] ?? 0) > bodyBytes) return 'too-large';
  const bytes = await new Promise<Buffer | null>((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bodyBytes) chunks.push(chunk);
      else resolve(null);
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('close', () => resolve(null));
  });
  if (bytes === null) return 'too-large';
  try {
    return { value: JSON.parse(bytes.toString('utf8')) as unknown };
  } catch {
    return 'not-json';
  }
}
