// The native addon as it is: its functions, typed, and where it lies. No meaning added; that is done
// in the modules beside this one.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

declare const handle: unique symbol;
declare const key: unique symbol;

/** An open file descriptor inside the addon. Keeps itself and the event loop alive until closed. */
export interface Handle {
  readonly [handle]: true;
}

/** A key of HMAC-SHA-256 inside the addon; gone when it is collected. */
export interface AddonKey {
  readonly [key]: true;
}

/**
 * The functions of native/addon/addon.c, look.c and requests.c. Those that open throw an error with `code` and `syscall`; the
 * others answer a number, and a negative one is -errno. All throw EBADF after `close`.
 */
export interface Addon {
  now(): number;
  suspended(): number;
  openAdvertisementSocket(
    family: 4 | 6,
    linkIndex: number,
    linkName: string,
    onReadable: () => void,
  ): Handle;
  openAnnouncer(): Handle;
  openNetworkWatch(receiveBuffer: number, onReadable: () => void): Handle;
  /** The records of all links and, behind them, of all addresses; or a negative errno. It waits for the kernel's lock. */
  listNetwork(): ArrayBuffer | number;
  /** The same, read in a thread, so that nobody here waits. */
  lookAtNetwork(onRead: (records: ArrayBuffer | number) => void): void;
  openDeadlineTimer(onExpired: () => void): Handle;
  /** See membership_open in native/addon/packet_socket.h. A file descriptor, or a negative errno. */
  membership(wanted: ArrayBuffer): number;
  /** The number of packets or datagrams in `batch`; fewer than `capacity` means that the socket is empty. */
  receivePackets(handle: Handle, batch: ArrayBuffer, capacity: number): number;
  /**
   * The memory in which a socket for advertisements receives before JavaScript is called: struct packet_room of
   * native/addon/repetitions.h. Once for each.
   */
  attach(handle: Handle, room: ArrayBuffer): void;
  /**
   * The memory in which a socket for datagrams receives before JavaScript is called, struct datagram_room, and that of
   * its port, struct peer_room of native/addon/confirmations.h, for so many peers and paths. Once for each.
   */
  confirm(
    handle: Handle,
    arrived: ArrayBuffer,
    room: ArrayBuffer,
    peers: number,
    paths: number,
  ): void;
  /** The key of that place, 0 to 7, from now on; after `confirm`. */
  useKey(handle: Handle, place: number, key: AddonKey | null): void;
  /**
   * A timer for the checks of a port with these sockets, each after `confirm` with the same room: see
   * native/addon/checks.h. `onDue` is called when something is due that is no ordinary check.
   */
  openChecks(four: Handle | null, six: Handle | null, onDue: () => void): Handle;
  /** The room says something else than before. */
  armChecks(handle: Handle): void;
  /** The number of records whose error is set; ETIMEDOUT for what has not been sent by `notAfter`, of CLOCK_BOOTTIME. */
  sendBatch(handle: Handle, batch: ArrayBuffer, count: number, notAfter: number): number;
  /** The number of records in `batch`, 0 when there is no more. */
  receiveNetwork(handle: Handle, batch: ArrayBuffer): number;
  /** One netlink message that asks for an acknowledgement; 0, or a negative errno. */
  netlink(message: ArrayBuffer): number;
  openDatagramSocket(family: 4 | 6, port: number, onReadable: () => void): Handle;
  /** `batch` is struct datagram_addresses, and the name of an interface behind it, to its end. */
  sourceTo(family: 4 | 6, batch: ArrayBuffer): number;
  /** null when the process has no OpenSSL for it. */
  openKey(secret: ArrayBuffer): AddonKey | null;
  /**
   * The MAC of `batch` from `from` to `to` stands behind it: it is written, or looked at when `verify` is true.
   * 1 when it is written, or right; 0 else.
   */
  mac(key: AddonKey, batch: ArrayBufferLike, from: number, to: number, verify: boolean): 0 | 1;
  /** A negative instant disarms. */
  arm(handle: Handle, at: number): number;
  /** May be called again. */
  close(handle: Handle): void;
  /** One datagram to a unix socket, at once. 0, or a negative errno. */
  sendDatagram(address: string, bytes: ArrayBuffer): number;
  /** null when somebody else holds the lock. */
  lockFile(path: string): Handle | null;
  /** Writes struct ucred, three numbers of 32 bits: pid, uid, gid. */
  peerCredentials(fd: number, batch: ArrayBuffer): number;
  /** `question` is one of enum lease_question of native/addon/lease.h; `fd` is of no account to the first. */
  lease(fd: number, question: number): number;
  /** See enum realtime_request of native/addon/realtime.h. */
  realtime(request: 1 | 2 | 3 | 4, value: number): number;
  /** Path and arguments of a program, each ended by a zero byte. Returns only when it failed. */
  replaceProcess(texts: ArrayBuffer): number;
}

/** What an addon that was built before the latest change of this face does not have. */
const isWhole = (addon: Partial<Addon>): addon is Addon =>
  addon.listNetwork !== undefined && addon.membership !== undefined;

const ADDON = '../../../build/Release/understudy.node';

let loaded: Addon | null = null;

/**
 * Loads the addon from build/Release, once.
 * @throws Error that says how to build it.
 */
export function loadAddon(): Addon {
  if (loaded !== null) return loaded;
  try {
    const addon = createRequire(import.meta.url)(ADDON) as Partial<Addon>;
    if (isWhole(addon)) return (loaded = addon);
    throw new Error('it is older than this program');
  } catch (cause) {
    const path = fileURLToPath(new URL(ADDON, import.meta.url));
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new Error(
      `the native addon is expected at ${path} and cannot be loaded: ${reason}; ` +
        'run "npm run build:native"',
      { cause },
    );
  }
}
