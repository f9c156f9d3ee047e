// UDP over the native addon: a socket that names the source of each datagram, and what source the kernel
// would choose. Does not receive: node:dgram reads the descriptor.
import { addressBytes, addressFromBytes, type Family, type IpAddress } from '../model/address.js';
import { loadAddon } from './addon.js';
import { errorName, refusal } from './refusal.js';

/** struct datagram_addresses of native/addon/datagram_socket.h. */
const SOURCE = 0;
const DESTINATION = 16;
const HEAD = 32;
/** enum datagram_question. */
const ASK = { open: 0, send: 1, source: 2 } as const;
/** Of no account to the question. */
const NONE = -1;

const VERSION = { ipv4: 4, ipv6: 6 } as const;

export interface DatagramSocket {
  /** For `node:dgram`, which closes it. */
  readonly fd: number;
  /**
   * Sends at once or not at all. `source` null: the kernel chooses.
   * @returns null, or the errno name: ENETUNREACH, EAGAIN when too much waits already, EINVAL for a source
   * that does not stand on this host.
   */
  send(datagram: Uint8Array, source: IpAddress | null, to: IpAddress, port: number): string | null;
}

/** @throws KernelError EADDRINUSE, EACCES, EAFNOSUPPORT. */
export function openDatagramSocket(family: Family, port: number): DatagramSocket {
  const addon = loadAddon();
  const version = VERSION[family];
  const fd = addon.datagram(ASK.open, NONE, version, port, new ArrayBuffer(HEAD));
  if (fd < 0) throw refusal('opening a UDP socket', fd, 'bind');
  return {
    fd,
    send(datagram, source, to, toPort) {
      const batch = new Uint8Array(HEAD + datagram.length);
      if (source !== null) batch.set(addressBytes(source), SOURCE);
      batch.set(addressBytes(to), DESTINATION);
      batch.set(datagram, HEAD);
      const answer = addon.datagram(ASK.send, fd, version, toPort, batch.buffer);
      return answer < 0 ? errorName(answer) : null;
    },
  };
}

/**
 * The source that the kernel would choose for a destination; null when it has no route, or no address.
 * @param through the interface that it must leave by; any unless given.
 */
export function sourceTo(family: Family, to: IpAddress, through = ''): IpAddress | null {
  const name = Buffer.from(through);
  const addresses = new Uint8Array(HEAD + name.length);
  addresses.set(addressBytes(to), DESTINATION);
  addresses.set(name, HEAD);
  const answer = loadAddon().datagram(ASK.source, NONE, VERSION[family], 0, addresses.buffer);
  return answer < 0 ? null : addressFromBytes(addresses, SOURCE, family);
}
