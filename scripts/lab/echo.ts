// ICMP and ICMPv6 echo over raw-socket, for the probing client. No schedule, no statistics.
import { createRequire } from 'node:module';

/** The part of raw-socket used here; the package has no types. */
interface RawSocket {
  on(event: 'message', listener: (packet: Buffer, source: string) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  send(
    buffer: Buffer,
    offset: number,
    length: number,
    address: string,
    done: (error: Error | null) => void,
  ): void;
  close(): void;
}
interface RawSocketPackage {
  createSocket(options: { protocol: number; addressFamily: number }): RawSocket;
  createChecksum(...buffers: Buffer[]): number;
}

export interface Echo {
  /** Sends one echo request; failures are told to `onError`. */
  send(address: string, sequence: number): void;
  close(): void;
}

export interface EchoOptions {
  /** 16 bits, told apart from other pings on the machine by them. */
  readonly identifier: number;
  readonly onReply: (sequence: number) => void;
  readonly onError: (error: Error) => void;
}

const KINDS = {
  ipv4: { protocol: 1, addressFamily: 1, request: 8, reply: 0 },
  ipv6: { protocol: 58, addressFamily: 2, request: 128, reply: 129 },
} as const;

/** Opens an echo socket; needs CAP_NET_RAW. */
export function openEcho(family: 'ipv4' | 'ipv6', options: EchoOptions): Echo {
  const raw = createRequire(import.meta.url)('raw-socket') as RawSocketPackage;
  const kind = KINDS[family];
  const socket = raw.createSocket({ protocol: kind.protocol, addressFamily: kind.addressFamily });
  socket.on('error', options.onError);
  socket.on('message', (packet) => {
    // An IPv4 raw socket hands over the IP header too; its length stands in its first byte.
    const start = family === 'ipv4' ? ((packet[0] ?? 0) & 0x0f) * 4 : 0;
    if (packet.length < start + 8 || packet[start] !== kind.reply) return;
    if (packet.readUInt16BE(start + 4) !== options.identifier) return;
    options.onReply(packet.readUInt16BE(start + 6));
  });
  return {
    send(address, sequence) {
      const request = Buffer.alloc(16);
      request[0] = kind.request;
      request.writeUInt16BE(options.identifier, 4);
      request.writeUInt16BE(sequence & 0xffff, 6);
      // The kernel fills in the checksum of ICMPv6, which covers a pseudo-header.
      if (family === 'ipv4') request.writeUInt16BE(raw.createChecksum(request), 2);
      socket.send(request, 0, request.length, address, (error) => {
        if (error !== null) options.onError(error);
      });
    },
    close: () => socket.close(),
  };
}
