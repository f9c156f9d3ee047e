// The agent's end of the control socket: HTTP and JSON over a unix socket, everything bounded. No
// decisions: the handlers are the agent's.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { failure, tooLarge, unreadable, type Answer } from './answers.js';
import { userAt, type UserOf } from './caller.js';
import { createEventFeed, type EventFeed } from './event-feed.js';
import {
  CONTROL_LIMITS,
  ENDPOINTS,
  type ControlHandlers,
  type ControlLimits,
  type EndpointName,
} from './protocol.js';
import { handle } from './requests.js';
import { clearStaleSocket, ControlSocketError, giveToGroup } from './socket-file.js';

interface ControlServerOptions {
  /** Where the socket is made; at most 107 bytes. */
  readonly path: string;
  /** Whose members may use it, when the host has such a group. Default `understudy`. */
  readonly group?: string;
  readonly handlers: ControlHandlers;
  /** Who gives an order; without it orders have no name. */
  readonly userOf?: UserOf;
  /** Told of what went wrong on this side: a handler that threw, a group that could not be set. */
  readonly onError: (error: unknown) => void;
  /** Called before anything is done for a request: what is due is not to wait for it, nor for those behind it. */
  readonly onRequest?: () => void;
  /** For tests. */
  readonly limits?: Partial<ControlLimits>;
}

export interface ControlServer {
  /** Ends all connections and removes the socket. */
  close(): Promise<void>;
}

/**
 * Listens at `path`, mode 0660. A socket nobody listens to is replaced.
 * @throws ControlSocketError when another agent is alive, or the socket cannot be made. Once it
 * listens it never throws, whatever clients send and handlers do.
 */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const limits = { ...CONTROL_LIMITS, ...options.limits };
  await clearStaleSocket(options.path);
  const server = createBoundedServer(limits);
  const feed = createEventFeed(options.handlers, limits);
  const served = new WeakSet<Duplex>();
  server.on('request', (request, response) => {
    options.onRequest?.();
    // One request a connection: what was sent behind it in one go would all be carried out in one turn of
    // the loop. The connection is closed when the first one is answered.
    if (served.has(request.socket)) {
      request.socket.pause();
      return;
    }
    served.add(request.socket);
    answer(request, response, { ...options, limits, feed }).catch((error: unknown) => {
      options.onError(error);
      response.destroy();
    });
  });
  server.on('clientError', refuseUnreadable);
  await listen(server, options.path);
  server.on('error', options.onError);
  try {
    giveToGroup(options.path, options.group ?? 'understudy');
  } catch (error) {
    options.onError(error);
  }
  return { close: () => close(server) };
}

function createBoundedServer(limits: ControlLimits): Server {
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAlive: false,
    // How often the two time-outs are looked at; the default of 30 s would make them useless.
    connectionsCheckingInterval: Math.min(500, limits.headersTimeoutMs),
  });
  server.maxConnections = limits.connections;
  server.timeout = limits.idleTimeoutMs;
  return server;
}

/** The socket never exists with a wider mode than 0660: bind(2) applies the umask. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const code = 'code' in error ? String(error.code) : 'unknown';
      reject(
        new ControlSocketError(
          code,
          `the control socket ${path} cannot be made (${code})`,
          'see that its folder exists and belongs to the agent',
        ),
      );
    });
    const mask = process.umask(0o117);
    try {
      server.listen({ path }, () => {
        server.removeAllListeners('error');
        resolve();
      });
    } finally {
      process.umask(mask);
    }
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

interface Service extends ControlServerOptions {
  readonly limits: ControlLimits;
  readonly feed: EventFeed;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  service: Service,
): Promise<void> {
  // A client that is gone takes its error along; nobody is left to tell.
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  const result = await respond(request, response, service);
  if (result === null || response.destroyed) return;
  const body = bytesOf(result);
  response.writeHead(result.status, {
    'Content-Type': result.type ?? 'application/json',
    'Content-Length': body.byteLength,
    Connection: 'close',
    ...result.headers,
  });
  response.end(body);
  request.resume();
}

/** What changes something: whoever asks for it stands in its event. */
const ORDERS: ReadonlySet<EndpointName> = new Set(['command', 'set', 'change', 'reload']);

const bytesOf = ({ body }: Answer): Uint8Array =>
  body instanceof Uint8Array ? body : Buffer.from(`${JSON.stringify(body)}\n`);

/** The answer; null when it is being streamed. */
async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { handlers, userOf, onError, limits, feed }: Service,
): Promise<Answer | null> {
  const found = findEndpoint(request);
  if ('status' in found) return found;
  const uid = ORDERS.has(found.name) ? userAt(request.socket, userOf) : null;
  const body = await readBody(request, limits.bodyBytes);
  if (body === null) return tooLarge(limits.bodyBytes);
  try {
    if (found.name === 'events') return feed.serve(request, response);
    return await withDeadline(handle(found.name, { body, uid }, handlers), limits.handlerTimeoutMs);
  } catch (error) {
    onError(error);
    return failure(
      500,
      'internal',
      'the agent could not answer: an error of its own',
      'see its log: journalctl -u understudy',
    );
  }
}

function findEndpoint(request: IncomingMessage): { name: EndpointName } | Answer {
  const path = (request.url ?? '').split('?', 1)[0];
  for (const [name, endpoint] of Object.entries(ENDPOINTS)) {
    if (endpoint.path !== path) continue;
    if (endpoint.method === request.method) return { name: name as EndpointName };
    const refusal = failure(
      405,
      'wrong-method',
      `${endpoint.path} expects ${endpoint.method}, not ${request.method}`,
      `send ${endpoint.method}`,
    );
    return { ...refusal, headers: { Allow: endpoint.method } };
  }
  const known = Object.values(ENDPOINTS).map((endpoint) => endpoint.path);
  return failure(
    404,
    'unknown-path',
    'there is no such path',
    `ask for one of ${known.join(', ')}`,
  );
}

/** The body as text; null as soon as it is larger than `limit` bytes, or its sender has left. */
async function readBody(request: IncomingMessage, limit: number): Promise<string | null> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return null;
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else resolve(null);
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.once('close', () => resolve(null));
  });
}

/** A handler that does not answer must not hold a connection for ever. */
function withDeadline(work: Promise<Answer>, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const late = 'the agent took too long; what was asked for may still happen';
      resolve(failure(503, 'too-slow', late, 'see understudy status, then try again'));
    }, timeoutMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** What node:http could not read: malformed, too slow, or with too large a header. */
function refuseUnreadable(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, phrase, result] = unreadable(error.code);
  const body = `${JSON.stringify(result.body)}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${phrase}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
