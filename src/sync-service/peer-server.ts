// Answers peers about shared settings: TLS with a pre-shared key on the number of the HA port, for peers alone, a
// bounded number of connections at a time, each for one request and a bounded time. What is answered is the keeper's.
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import {
  encodeFrame,
  FrameReader,
  readRequest,
  type PeerAnswer,
  type PeerRequest,
} from './exchange.js';
import { TLS_OPTIONS, type SyncKey } from './secret.js';

/** Of one peer at a time: more than it has questions at once, for those that it has given up may still be open here. */
const CONNECTIONS_OF_A_PEER = 6;
/** For a whole exchange, in milliseconds. */
export const EXCHANGE_LIMIT_MS = 8_000;

export interface PeerServerOptions {
  readonly port: number;
  readonly keys: readonly SyncKey[];
  /** The name of the peer with this address; null for a stranger. */
  readonly peerAt: (address: string) => string | null;
  readonly answer: (peer: string, request: PeerRequest) => Promise<PeerAnswer>;
  /** Somebody was sent away. */
  readonly onRefused: (address: string, detail: string) => void;
}

export interface PeerServer {
  /** The port is free again when it returns. Who has asked already is answered, within the time for an exchange. */
  close(): void;
}

/**
 * Listens on all addresses of this host, as the HA port does.
 * @throws the system's error (rejects) when the port cannot be had.
 */
export function openPeerServer(options: PeerServerOptions): Promise<PeerServer> {
  const { port, keys, peerAt, onRefused } = options;
  const open = new Map<Socket, string>();
  const server: Server = createServer({
    ...TLS_OPTIONS,
    handshakeTimeout: EXCHANGE_LIMIT_MS,
    pskIdentityHint: 'understudy',
    pskCallback: (_, identity) => keys.find((key) => key.identity === identity)?.secret ?? null,
  });
  // Before a byte of TLS is read.
  server.prependListener('connection', (socket: Socket) => {
    const address = plainAddress(socket.remoteAddress);
    const peer = peerAt(address);
    const busy = [...open.values()].filter((one) => one === peer).length;
    if (peer === null || busy >= CONNECTIONS_OF_A_PEER) {
      socket.on('error', () => undefined);
      socket.destroy();
      onRefused(address, peer === null ? 'none of the peers' : 'too many connections at a time');
      return;
    }
    open.set(socket, peer);
    const limit = setTimeout(() => socket.destroy(), EXCHANGE_LIMIT_MS).unref();
    socket.once('close', () => {
      clearTimeout(limit);
      open.delete(socket);
    });
  });
  server.on('tlsClientError', (error, socket) => {
    const address = plainAddress(socket.remoteAddress);
    if (peerAt(address) !== null) onRefused(address, `no TLS with our key: ${error.message}`);
    socket.destroy();
  });
  server.on('secureConnection', (socket) => {
    const peer = peerAt(plainAddress(socket.remoteAddress));
    if (peer === null) socket.destroy();
    else serve(socket, peer, options);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '::', ipv6Only: false }, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      resolve({
        close: () => {
          server.close();
        },
      });
    });
  });
}

/** As settings have it, where the kernel shows an IPv4 address as a part of IPv6. */
const plainAddress = (address = ''): string => address.replace(/^::ffff:(?=\d+\.)/, '');

/** Settings that are too many for any message are no reason to say nothing. */
function framed(answer: PeerAnswer): Buffer {
  try {
    return encodeFrame(answer);
  } catch (error) {
    return encodeFrame({ kind: 'unwilling', detail: (error as Error).message });
  }
}

function serve(socket: TLSSocket, peer: string, { answer, onRefused }: PeerServerOptions): void {
  const reader = new FrameReader();
  let asked = false;
  const refuse = (detail: string): void => {
    onRefused(plainAddress(socket.remoteAddress), detail);
    socket.destroy();
  };
  socket.on('error', () => socket.destroy());
  socket.on('end', () => {
    if (!asked) refuse('the connection ended within the request');
  });
  socket.on('data', (bytes: Buffer) => {
    if (asked) return refuse('more than one request');
    const text = reader.take(bytes);
    if (text === null) return;
    if (text instanceof Error) return refuse(text.message);
    const request = readRequest(text);
    if (request === null) return refuse('expected a request about shared settings, found another');
    asked = true;
    answer(peer, request)
      .then((given) => socket.end(framed(given)))
      .catch(() => socket.destroy());
  });
}
