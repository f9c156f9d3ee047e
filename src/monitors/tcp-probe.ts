// Whether a TCP connection is accepted. Nothing is sent and nothing read.
import { connect, type Socket } from 'node:net';
import { sharedLookup } from './lookup.js';
import { attempt, explain, failure, formatMs, monotonicMs, success, type Probe } from './probe.js';
import type { TcpCheckSettings } from './settings.js';

export function createTcpProbe(settings: TcpCheckSettings): Probe {
  const { host, port, timeoutMs } = settings;
  return {
    run: (signal) =>
      attempt(timeoutMs, signal, (settle) => {
        const startedAt = monotonicMs();
        const socket = connect({ host, port, lookup: sharedLookup });
        socket.on('connect', () => {
          settle(
            isConnectedToItself(socket)
              ? failure(`nobody listens on ${host}:${port}`)
              : success(`connected in ${formatMs(monotonicMs() - startedAt)}`),
          );
        });
        // Stays: an error after the result must not end the process.
        socket.on('error', (error) => settle(failure(explain(error))));
        return () => socket.destroy();
      }),
    close: () => undefined,
  };
}

/**
 * On its own host, a port of the ephemeral range that nobody listens on may be chosen as our own:
 * TCP then connects the socket to itself (RFC 9293 §3.5, simultaneous open).
 */
const isConnectedToItself = (socket: Socket): boolean =>
  socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress;
