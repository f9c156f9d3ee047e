// A kernel in memory with a clock of its own: the same interface as the real one, no sockets.
import type { Family, IpAddress } from '../../src/model/address.js';
import { parseAddressWithPrefix } from '../../src/model/address.js';
import { NetworkPicture, type Dump } from '../../src/kernel/network-picture.js';
import type { NetworkRecord } from '../../src/kernel/network-records.js';
import type { Link, LinkAddress } from '../../src/model/link.js';
import { instant, milliseconds, type Instant, type Microseconds } from '../../src/model/units.js';
import {
  TOO_LATE,
  type AdvertisementSocket,
  type Announcer,
  type Ipv4LinkSettings,
  type DeadlineTimer,
  type FileLock,
  type PeerCredentials,
  type Kernel,
  type Lease,
  type Membership,
  type NetworkWatch,
  type OutgoingMessage,
  type ReceivedPacket,
  type SendFailure,
} from '../../src/kernel/kernel.js';
import { FakeSocket, refusal } from './fake-socket.js';
import { Trace } from './trace.js';

export { address } from './address.js';

export interface SentMessage extends OutgoingMessage {
  readonly at: Instant;
  readonly linkIndex: number;
  readonly family: Family;
}

export interface SentFrame {
  readonly linkIndex: number;
  readonly frame: Uint8Array;
  readonly at: Instant;
}

const NO_SETTINGS: Ipv4LinkSettings = { forwarding: 0, arpIgnore: 0, arpAnnounce: 0, rpFilter: 0 };

export class FakeKernel implements Kernel {
  clock = instant(1_000_000_000);
  /** Of this kernel and everything that stands on it, in the order in which it happened. */
  readonly trace = new Trace();
  /** Of the trace: what was sent, by kind. */
  readonly sent: SentMessage[] = [];
  readonly frames: SentFrame[] = [];
  readonly notifications: string[] = [];
  readonly sockets: FakeSocket[] = [];
  /** Set to make the next attempts to open a socket fail with this errno. */
  refuseSockets: string | null = null;
  /** Called right before anything is sent. */
  onSend: (() => void) | null = null;
  /** Set to make sends fail with this errno. */
  refuseSends: string | null = null;
  /** Set to make the next changes of sysctls fail with this errno. */
  refuseSettings: string | null = null;
  /** Set to make the next filters of multicast reports fail with this errno. */
  refuseFilters: string | null = null;
  /** Interfaces, by index, that say nothing of multicast groups. */
  readonly silenced = new Set<number>();
  /** Memberships that are open, as `2 ff02::1:ff00:100`. */
  readonly memberships: string[] = [];
  /** net.ipv4.conf and net.ipv6.conf, by interface. */
  readonly sysctls = new Map<string, Ipv4LinkSettings>();
  readonly sysctls6 = new Map<string, Readonly<Record<string, number>>>();
  armedFor: Instant | null = null;
  leaseHeld = false;
  /** How often a long wake-up has said that it gets on. */
  steps = 0;
  /** Called before a renewal is answered. */
  onRenew: (() => void) | null = null;
  readonly #links = new Map<number, Link>();
  readonly #addresses: LinkAddress[] = [];
  /** Notices that wait to be read, and whether some did not fit and were dropped. */
  #notices: NetworkRecord[] = [];
  #overrun = false;
  #deaf = false;
  #onNetwork: (() => void) | null = null;
  #onExpired: (() => void) | null = null;

  /** How far CLOCK_BOOTTIME is ahead. */
  suspendedFor = 0;

  suspended(): Microseconds {
    return this.suspendedFor as Microseconds;
  }

  now(): Instant {
    return this.clock;
  }

  /** Lets time pass, firing the armed timer at each of its deadlines on the way. */
  advance(microseconds: number): void {
    const end = this.clock + microseconds;
    for (let fired = 0; fired < 10_000; fired += 1) {
      const at = this.armedFor;
      if (at === null || at > end) break;
      this.clock = instant(Math.max(this.clock, at));
      this.armedFor = null;
      this.#onExpired?.();
    }
    this.clock = instant(Math.max(this.clock, end));
  }

  /** Lets time pass without anybody noticing: a process that is stopped, or starved. */
  stall(microseconds: number): void {
    this.clock = instant(this.clock + microseconds);
  }

  setLink(change: Partial<Link> & { index: number; name: string }): void {
    const link: Link = {
      up: true,
      carrier: true,
      mtu: 1500,
      macAddress: '02:00:00:00:00:01',
      ...change,
    };
    this.#links.set(link.index, link);
    this.#notify({ kind: 'link', link });
  }

  link(index: number): Link | undefined {
    return this.#links.get(index);
  }

  /** The index of the interface of this name; undefined when there is none. */
  indexOf(name: string): number | undefined {
    return [...this.#links.values()].find((link) => link.name === name)?.index;
  }

  /** Changes that the reader is not told of, nor that there is anything to be told. */
  unnoticed(changes: () => void): void {
    this.#deaf = true;
    changes();
    this.#deaf = false;
  }

  /** Changes whose notices do not fit: the reader learns that some were dropped (ENOBUFS). */
  overrun(changes: () => void): void {
    this.unnoticed(changes);
    this.#overrun = true;
    this.#onNetwork?.();
  }

  /** Several changes of which the reader learns all at once. */
  quietly(changes: () => void): void {
    const onNetwork = this.#onNetwork;
    this.#onNetwork = null;
    changes();
    this.#onNetwork = onNetwork;
    onNetwork?.();
  }

  removeLink(index: number): void {
    const link = this.#links.get(index);
    if (link === undefined) throw new Error(`no link ${index}`);
    for (const { address: text, prefixLength } of this.#addresses.filter(isOn(index))) {
      this.removeAddress(index, `${text}/${prefixLength}`);
    }
    this.#links.delete(index);
    for (const socket of this.sockets) if (socket.linkIndex === index) socket.open = false;
    this.#notify({ kind: 'link-removed', link });
  }

  /** `usable` false: tentative, or failed duplicate address detection (RFC 4862 §5.4). */
  addAddress(
    linkIndex: number,
    text: string,
    secondary = false,
    usable = true,
    validSeconds: number | null = null,
  ): void {
    const parsed = parseAddressWithPrefix(text);
    if (parsed === null) throw new Error(`address/prefix expected, ${text} found`);
    const added: LinkAddress = { ...parsed, linkIndex, usable, secondary, validSeconds };
    this.#addresses.push(added);
    this.trace.add({ kind: 'address', address: added });
    this.#notify({ kind: 'address', address: added });
  }

  /** Duplicate address detection has ended well: the kernel tells of the address once more. */
  setUsable(linkIndex: number, text: string): void {
    const at = this.#find(linkIndex, text);
    const known = this.#addresses[at];
    if (known === undefined) throw new Error(`no address ${text} on link ${linkIndex}`);
    const usable = { ...known, usable: true };
    this.#addresses[at] = usable;
    this.trace.add({ kind: 'address', address: usable });
    this.#notify({ kind: 'address', address: usable });
  }

  removeAddress(linkIndex: number, text: string): boolean {
    const at = this.#find(linkIndex, text);
    const [removed] = at < 0 ? [] : this.#addresses.splice(at, 1);
    if (removed === undefined) return false;
    this.trace.add({ kind: 'address-removed', address: removed });
    this.#notify({ kind: 'address-removed', address: removed });
    return true;
  }

  has(linkIndex: number, text: string): boolean {
    return this.#find(linkIndex, text) >= 0;
  }

  /** A packet lands in the socket's buffer; `wake` tells the reader, a stalled one learns later. */
  deliver(packet: Omit<ReceivedPacket, 'arrivedAt'> & { arrivedAt?: Instant }, wake = true): void {
    const full = { arrivedAt: this.clock, ...packet };
    for (const socket of this.sockets) {
      const matches = socket.linkIndex === packet.linkIndex && socket.family === packet.family;
      if (!matches || !socket.open) continue;
      socket.arrive(full, wake);
    }
  }

  openAdvertisementSocket(
    family: Family,
    link: { readonly index: number },
    onReadable: () => void,
  ): AdvertisementSocket {
    if (this.refuseSockets !== null) throw refusal(this.refuseSockets, 'socket');
    const socket = new FakeSocket(family, link.index, onReadable, {
      now: () => this.clock,
      send: (batch, notAfter) => this.#send({ family, linkIndex: link.index }, batch, notAfter),
    });
    this.sockets.push(socket);
    return socket;
  }

  #send(
    from: Pick<SentMessage, 'family' | 'linkIndex'>,
    batch: readonly OutgoingMessage[],
    notAfter?: Microseconds,
  ): SendFailure[] {
    const code = this.#isOver(notAfter) ? TOO_LATE : this.refuseSends;
    if (code !== null) return batch.map((_, index) => ({ index, code }));
    for (const message of batch) {
      const sent = { ...message, ...from, at: this.clock };
      this.sent.push(sent);
      this.trace.add({ kind: 'advertisement', sent });
    }
    return [];
  }

  /** Lets time pass right before the system call that sends, if it is to: a process stopped in the middle of its work. */
  #isOver(notAfter: number = Infinity): boolean {
    this.onSend?.();
    return this.clock + this.suspendedFor > notAfter;
  }

  openAnnouncer(): Announcer {
    return {
      send: (batch, notAfter) => {
        if (this.#isOver(notAfter)) return batch.map((_, index) => ({ index, code: TOO_LATE }));
        for (const frame of batch) {
          const sent = { ...frame, at: this.clock };
          this.frames.push(sent);
          this.trace.add({ kind: 'frame', sent });
        }
        return [];
      },
      close: () => undefined,
    };
  }

  openNetworkWatch(onReadable: () => void): NetworkWatch {
    this.#onNetwork = onReadable;
    this.#notices = [];
    this.#overrun = false;
    const picture = new NetworkPicture();
    picture.replace(this.#dump(), () => undefined);
    let isFound = false;
    const receive: NetworkWatch['receive'] = (handler) => {
      const notices = this.#notices;
      this.#notices = [];
      for (const notice of notices) picture.apply(notice, handler);
      if (isFound && notices.length === 0) picture.replace(this.#dump(), handler);
      isFound = false;
      if (!this.#overrun) return;
      this.#overrun = false;
      picture.replace(this.#dump(), handler);
      handler({ kind: 'resynchronized' });
    };
    return {
      links: picture.links,
      linkNamed: (name) => picture.linkNamed(name),
      addresses: () => picture.addresses(),
      addressesOn: (linkIndex) => picture.addressesOn(linkIndex),
      receive,
      look: () => {
        isFound = !picture.isOf(this.#dump());
        if (isFound) queueMicrotask(() => this.#onNetwork?.());
      },
      resynchronize: (handler) => {
        receive(handler);
        picture.replace(this.#dump(), handler);
      },
      close: () => {
        this.#onNetwork = null;
      },
    };
  }

  openDeadlineTimer(onExpired: () => void): DeadlineTimer {
    this.#onExpired = onExpired;
    return {
      arm: (at) => {
        this.armedFor = at;
      },
      close: () => {
        this.#onExpired = null;
        this.armedFor = null;
      },
    };
  }

  sendDatagram(): boolean {
    return false;
  }

  notify(message: string): void {
    this.notifications.push(message);
    this.trace.add({ kind: 'notification', message });
  }

  /** What the executor does to a holder that is silent. */
  revokeLease(): void {
    this.leaseHeld = false;
    this.trace.add({ kind: 'lease', change: 'revoked' });
  }

  openLease(): Lease {
    return {
      fd: -1,
      renew: () => {
        this.onRenew?.();
        return this.leaseHeld;
      },
      take: () => {
        this.leaseHeld = true;
        this.trace.add({ kind: 'lease', change: 'taken' });
      },
      step: () => {
        this.steps += 1;
      },
      executorSilence: () => milliseconds(0),
      close: () => undefined,
    };
  }

  lockFile(): FileLock {
    return { release: () => undefined };
  }

  ipv4Settings(linkName: string): Ipv4LinkSettings {
    if (this.indexOf(linkName) === undefined) throw refusal('ENOENT', 'open');
    return this.sysctls.get(linkName) ?? NO_SETTINGS;
  }

  setIpv4Settings(linkIndex: number, values: Partial<Ipv4LinkSettings>): void {
    if (this.refuseSettings !== null) throw refusal(this.refuseSettings, 'RTM_SETLINK');
    const name = this.#links.get(linkIndex)?.name;
    if (name === undefined) throw refusal('ENODEV', 'RTM_SETLINK');
    this.sysctls.set(name, { ...this.ipv4Settings(name), ...values });
  }

  setIpv6Settings(linkName: string, values: Readonly<Record<string, number>>): void {
    if (this.refuseSettings !== null) throw refusal(this.refuseSettings, 'open');
    this.sysctls6.set(linkName, { ...this.sysctls6.get(linkName), ...values });
  }

  dropMulticastReports(linkIndex: number): void {
    if (this.refuseFilters !== null) throw refusal(this.refuseFilters, 'RTM_NEWTFILTER');
    if (!this.#links.has(linkIndex)) throw refusal('ENODEV', 'RTM_NEWQDISC');
    this.silenced.add(linkIndex);
  }

  openMembership(linkIndex: number, groups: readonly IpAddress[]): Membership {
    const texts = groups.map((group) => `${linkIndex} ${group}`);
    this.memberships.push(...texts);
    return {
      close: () => {
        for (const text of texts) this.memberships.splice(this.memberships.indexOf(text), 1);
      },
    };
  }

  /** Everybody is root. */
  peerCredentials(): PeerCredentials {
    return { pid: 1, uid: 0, gid: 0 };
  }

  #find(linkIndex: number, text: string): number {
    return this.#addresses.findIndex(
      (known) => known.linkIndex === linkIndex && `${known.address}/${known.prefixLength}` === text,
    );
  }

  #dump(): Dump {
    return { links: [...this.#links.values()], addresses: this.#addresses };
  }

  #notify(notice: NetworkRecord): void {
    if (this.#deaf) return;
    this.#notices.push(notice);
    this.#onNetwork?.();
  }
}

const isOn =
  (index: number) =>
  ({ linkIndex }: LinkAddress): boolean =>
    linkIndex === index;
