// Whether a TCP connection is accepted. Nothing is sent and nothing read.
import { connect, type Socket } from 'node:net';
import { tryRoutes, type SourceFor } from './own-sources.js';
import { attempt, explain, failure, formatMs, monotonicMs, success, type Probe } from './probe.js';
import type { TcpCheckSettings } from './settings.js';

export function createTcpProbe(settings: TcpCheckSettings, sourceFor: SourceFor): Probe {
  const { host, port, timeoutMs } = settings;
  return {
    run: (signal) =>
      attempt(timeoutMs, signal, (settle) => {
        const startedAt = monotonicMs();
        return tryRoutes(
          host,
          sourceFor,
          (route, refused) => {
            const socket = connect({ host, port, ...route });
            socket.on('connect', () => {
              settle(
                isConnectedToItself(socket)
                  ? failure(`nobody listens on ${host}:${port}`)
                  : success(`connected in ${formatMs(monotonicMs() - startedAt)}`),
              );
            });
            // Stays: an error after the result must not end the process.
            socket.on('error', refused);
            return () => socket.destroy();
          },
          (error) => settle(failure(explain(error))),
        );
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
