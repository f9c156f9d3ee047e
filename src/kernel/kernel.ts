// What the agent asks of the kernel, as interfaces. The addon implements them (native.ts); tests
// pass a fake of the same shape. No policy, no protocol state.
import type { Family, IpAddress } from '../model/address.js';
import type { Link, LinkAddress } from '../model/link.js';
import type { Instant, Microseconds, Milliseconds } from '../model/units.js';

/** A refusal of the kernel. `code` is its errno name (`ENODEV`), stable for callers to test. */
export interface KernelError extends Error {
  readonly code: string;
  readonly syscall: string;
}

/** One datagram of IP protocol 112, IP header removed: the same object for each, good until the handler returns. */
export interface ReceivedPacket {
  readonly family: Family;
  /** The interface it arrived on (IP_PKTINFO, IPV6_RECVPKTINFO). */
  readonly linkIndex: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** TTL or hop limit as it arrived. */
  readonly hopLimit: number;
  /** The VRRP message, a view of the buffer that it was received into. */
  readonly message: Uint8Array;
  /** Kernel arrival time, moved to the monotonic clock. */
  readonly arrivedAt: Instant;
}

export interface OutgoingMessage {
  /** Source address, one that stands on the interface; pinned, never chosen by the kernel. */
  readonly source: IpAddress;
  /** The VRRP group, or a unicast peer. */
  readonly destination: IpAddress;
  readonly message: Uint8Array;
}

/** Of a failure: its time was over. */
export const TOO_LATE = 'ETIMEDOUT';

export interface SendFailure {
  /** Position in the batch. */
  readonly index: number;
  readonly code: string;
}

/**
 * A raw socket for protocol 112 of one family, bound to one interface, member of the VRRP group.
 * TTL 255, TOS 0xC0, no multicast loop. It dies with its interface: after the interface is deleted,
 * `receive` and `send` fail with ENODEV (or ENETUNREACH, ENXIO) and a new one must be opened.
 */
export interface AdvertisementSocket {
  /**
   * Drains the socket until EAGAIN, at most `limit` packets, and hands each to `handler`.
   * @returns how many were handed over; `limit` means there may be more.
   * @throws KernelError when the socket is dead.
   */
  receive(handler: (packet: ReceivedPacket) => void, limit: number): number;
  /**
   * Only in the handler of `receive`: what repeats this packet (interface, source, destination, hop limit, every byte)
   * is counted from now on, and wakes nobody. It is known by the second byte of its message, its place, until another
   * packet comes there; one that is long is never known.
   */
  know(): void;
  isKnown(place: number): boolean;
  /** What repeats the packet of this place is a packet again. */
  forget(place: number): void;
  forgetAll(): void;
  /** Whether `repetitions` would hand over any. */
  readonly hasRepetitions: boolean;
  /**
   * What was counted since the last call: how many of each, and when the last one arrived. All of it came before what
   * `receive` hands over next of the same place.
   */
  repetitions(handler: (place: number, count: number, last: Instant) => void): void;
  /**
   * Sends a batch in one system call. Failures are returned, not thrown; the others were sent.
   * @param notAfter by CLOCK_BOOTTIME: what has not been sent by then is not sent, and fails with ETIMEDOUT. A process that
   *   is stopped, or whose machine is, between a decision and the system call would say what is no longer so. Without
   *   it, whenever.
   */
  send(batch: readonly OutgoingMessage[], notAfter?: Microseconds): SendFailure[];
  close(): void;
}

/** Sends whole Ethernet frames: gratuitous ARP, unsolicited neighbor advertisements. */
export interface Announcer {
  /**
   * Sends each frame on its interface, in order. Failures are returned, not thrown.
   * @param notAfter as of AdvertisementSocket.send
   */
  send(
    batch: readonly { linkIndex: number; frame: Uint8Array }[],
    notAfter?: Microseconds,
  ): SendFailure[];
  close(): void;
}

export type NetworkChange =
  | { readonly kind: 'link'; readonly link: Link }
  | { readonly kind: 'link-removed'; readonly link: Link }
  | { readonly kind: 'address'; readonly address: LinkAddress }
  | { readonly kind: 'address-removed'; readonly address: LinkAddress }
  /** Notifications were lost (ENOBUFS); a full dump was taken and its differences handed over. */
  | { readonly kind: 'resynchronized' };

/** The addresses on one link, as of the last `receive`: ask anew for a link that may have come or gone since. */
export interface AddressesOfLink {
  /** In the order in which they came. */
  all(): readonly LinkAddress[];
  /** Whether it is so of any of them: without a list of them all. */
  some(is: (address: LinkAddress) => boolean): boolean;
  /** The one of this text, `192.0.2.1/24`; undefined when it does not stand there. */
  get(text: string): LinkAddress | undefined;
  /** This address, with whatever prefix length it stands there. */
  with(address: IpAddress): readonly LinkAddress[];
}

/**
 * rtnetlink subscription for links and addresses. Opening it takes a full dump, so that `links` and
 * `addresses` are complete from the first moment; `receive` keeps them so.
 */
export interface NetworkWatch {
  /** Links by index, as of the last `receive`. */
  readonly links: ReadonlyMap<number, Link>;
  /** The one that has this name, as of the last `receive`. */
  linkNamed(name: string): Link | undefined;
  /** All addresses on all links, as of the last `receive`. */
  addresses(): Iterable<LinkAddress>;
  /** Those of one link; none for undefined, or a link that is not there. */
  addressesOn(linkIndex: number | undefined): AddressesOfLink;
  /** Drains all notifications and hands over what changed; after an overrun, by a full dump. */
  receive(handler: (change: NetworkChange) => void): void;
  /**
   * Begins to read the kernel's lists in a thread, as whoever reads them waits while somebody else changes the network of
   * this machine. When they differ from what is known, `onReadable` is called, and the next `receive` hands the differences
   * over. A notification that comes meanwhile makes the look void. @throws KernelError EAGAIN when no thread can be had
   */
  look(): void;
  /** Takes a full dump now, however long that is waited for, and hands over whatever differs from what was known. */
  resynchronize(handler: (change: NetworkChange) => void): void;
  close(): void;
}

/** A one-shot timer on the monotonic clock, exact to microseconds (timerfd). */
export interface DeadlineTimer {
  /** Arms the timer for `at`, replacing what was armed; null disarms. A past instant fires at once. */
  arm(at: Instant | null): void;
  close(): void;
}

/** An exclusive lock on a file (flock), held until released or until the process dies. */
export interface FileLock {
  release(): void;
}

/**
 * The memory in which agent and executor see each other live. Whoever holds the lease renews it at
 * every wake-up, which costs no system call; the executor may revoke it from a holder that is silent.
 */
export interface Lease {
  /** Handed to the executor when it is started. */
  readonly fd: number;
  /**
   * Says that we live. False when it was revoked meanwhile, decided by one compare-and-swap: then it is
   * held no longer, and stays so until taken again.
   */
  renew(): boolean;
  /** Held from now on. */
  take(): void;
  /** A wake-up that takes long gets on: no sign of life, but who is not idle is not killed. */
  step(): void;
  /** Since the executor's last sign of life; 0 before its first. */
  executorSilence(): Milliseconds;
  close(): void;
}

/** The process at the other end of a unix socket. */
export interface PeerCredentials {
  /** 0 when it is of another pid namespace. */
  readonly pid: number;
  /** 65534 when this user namespace does not know it. */
  readonly uid: number;
  readonly gid: number;
}

/** An interface is a member of multicast groups as long as this is open, and as long as it is there. */
export interface Membership {
  close(): void;
}

/** What of net.ipv4.conf.NAME a virtual MAC address needs. The larger of this and net.ipv4.conf.all counts. */
export interface Ipv4LinkSettings {
  readonly forwarding: number;
  /** 1: answer only for addresses of the interface that was asked. */
  readonly arpIgnore: number;
  /** 2: ask only with an address of the interface that asks. */
  readonly arpAnnounce: number;
  /** 2: loose; a source needs a route, whatever interface it leads to. */
  readonly rpFilter: number;
}

export interface Kernel {
  /** CLOCK_MONOTONIC. */
  now(): Instant;
  /** For how long this machine has been suspended since its start: CLOCK_BOOTTIME less CLOCK_MONOTONIC. */
  suspended(): Microseconds;
  /** @throws KernelError ENODEV when the interface is gone, EPERM without CAP_NET_RAW. */
  openAdvertisementSocket(
    family: Family,
    link: { readonly index: number; readonly name: string },
    onReadable: () => void,
  ): AdvertisementSocket;
  openAnnouncer(): Announcer;
  openNetworkWatch(onReadable: () => void): NetworkWatch;
  openDeadlineTimer(onExpired: () => void): DeadlineTimer;
  /** Sends one sd_notify(3) message; does nothing when NOTIFY_SOCKET is not set. */
  notify(message: string): void;
  /**
   * Sends one datagram to the unix socket at `path`, without waiting.
   * @returns false when it could not be sent now: nobody listens, the reader is behind, it is too large.
   */
  sendDatagram(path: string, bytes: Uint8Array): boolean;
  /** Takes the lock, or answers null when another process holds it. */
  lockFile(path: string): FileLock | null;
  openLease(): Lease;
  /** The interface's own values. @throws the system's error when it is gone. */
  ipv4Settings(linkName: string): Ipv4LinkSettings;
  /** Needs CAP_NET_ADMIN, and no writable /proc/sys. @throws KernelError */
  setIpv4Settings(linkIndex: number, values: Partial<Ipv4LinkSettings>): void;
  /**
   * Writes net.ipv6.conf.NAME, in this order; nothing where the kernel has no IPv6.
   * @throws the system's error, that of a read-only /proc/sys among them.
   */
  setIpv6Settings(linkName: string, values: Readonly<Record<string, number>>): void;
  /**
   * From now on no IGMP and no MLD leaves by this interface; that goes with the interface. Needs CAP_NET_ADMIN, and of
   * the kernel `sch_clsact` and `cls_bpf`. @throws KernelError
   */
  dropMulticastReports(linkIndex: number): void;
  /** `groups`: IPv6, each once. @throws KernelError */
  openMembership(linkIndex: number, groups: readonly IpAddress[]): Membership;
  /**
   * Who connected to the unix socket, as it was then (SO_PEERCRED, unix(7)): nothing that is sent changes it.
   * null when `fd` is no open unix socket.
   */
  peerCredentials(fd: number): PeerCredentials | null;
}
