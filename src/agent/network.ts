// The sockets and the facts: keeps an advertisement socket open for every interface and family in
// use, and tells the core what the kernel says of links and addresses. No protocol, no decisions.
import type { IpAddress } from '../model/address.js';
import { familyOf, isWithin } from '../model/address.js';
import type { InstanceEvent } from '../core/interface.js';
import type { Settings } from '../config/settings.js';
import type {
  AddressesOfLink,
  Kernel,
  KernelError,
  NetworkChange,
  NetworkWatch,
  OutgoingMessage,
  ReceivedPacket,
  SendFailure,
} from '../kernel/kernel.js';
import type { Link, LinkAddress } from '../model/link.js';
import {
  after,
  earlier,
  microseconds,
  millisecondsToMicroseconds,
  type Instant,
  type Microseconds,
} from '../model/units.js';
import { linkPairsStatus } from '../monitors/link-pairs.js';
import { linkStatus } from '../monitors/link.js';
import { MONITOR_NAMES } from '../monitors/settings.js';
import type { DeliveryScope } from '../wire/advertisement.js';
import { portsOf, setSources, type Port } from './ports.js';
import { isSameSources, ownAddresses, sourceOf, sourcesOf } from './sources.js';

/** A socket that could not be opened is tried again this much later. */
const RETRY = microseconds(1_000_000);
/** Notices tell at once; so often the kernel is looked at itself, for the one that got lost. */
const LOOK = microseconds(5_000_000);
/** Packets taken from one socket in one wake-up: a flood must not keep us from advertising. */
const PACKETS_PER_WAKE = 512;

type LinkPairs = NonNullable<Settings['monitors']['links']>;

export interface NetworkEvents {
  /** Something for the core. */
  readonly emit: (event: InstanceEvent) => void;
  /** An address went away, whoever removed it; handed over after all link events of the wake-up. */
  readonly addressRemoved: (address: LinkAddress) => void;
  /** An address appeared or changed. */
  readonly addressAdded: (address: LinkAddress) => void;
  readonly resynchronized: () => void;
  readonly socketFailed: (port: Port, code: string) => void;
  /** The kernel has something to say of links and addresses: it waits to be drained. */
  readonly networkReadable: () => void;
}

export class Network {
  readonly #kernel: Kernel;
  #watch: NetworkWatch;
  readonly #onReadable: () => void;
  readonly #events: NetworkEvents;
  #ports = new Map<string, Port>();
  #peers: Settings['ha']['peers'] = [];
  /** The interface told for each path, so that only changes are told. */
  readonly #pathInterfaces = new Map<string, string | null>();
  /** What was told of each interface's link, for the same reason. */
  readonly #linkStatuses = new Map<string, string>();
  /** Since the ports and paths were last told, a notice has come that may change them. */
  #untold = false;
  #retryAt: Instant | null = null;
  #links: LinkPairs | null = null;
  #linksDetail = '';
  #resyncAt: Instant | null = null;
  /** When the first missing primary address is given up. */
  #missingUntil: Instant | null = null;
  #inhibited = false;
  /** Goes up with everything that the kernel has told. */
  revision = 0;

  constructor(kernel: Kernel, onReadable: () => void, events: NetworkEvents) {
    this.#kernel = kernel;
    this.#onReadable = onReadable;
    this.#events = events;
    this.#watch = kernel.openNetworkWatch(events.networkReadable);
  }

  /** When a failed socket, the links, or a missing primary address are due for another look; null for none. */
  get dueAt(): Instant | null {
    return earlier(earlier(this.#retryAt, this.#missingUntil), this.#resyncAt);
  }

  /** While bypassed or settling, link pairs are counted but not judged. */
  setInhibited(inhibited: boolean): void {
    this.#inhibited = inhibited;
    this.#tellLinks();
  }

  ports(): Iterable<Port> {
    return this.#ports.values();
  }

  /** All interfaces, and all addresses on them, as the kernel last reported them. */
  links(): Iterable<Link> {
    return this.#watch.links.values();
  }

  addresses(): Iterable<LinkAddress> {
    return this.#watch.addresses();
  }

  linkNamed(name: string): Link | undefined {
    return this.#watch.linkNamed(name);
  }

  /** The interface of this index, whatever it is called now; undefined when it is gone. */
  linkAt(index: number): Link | undefined {
    return this.#watch.links.get(index);
  }

  /** The addresses on the interface now, as the kernel last reported them. */
  addressesOn(interfaceName: string): readonly LinkAddress[] {
    return this.standingOn(interfaceName).all();
  }

  /** The same, to look one up in: hundreds are, again and again. */
  standingOn(interfaceName: string): AddressesOfLink {
    return this.#watch.addressesOn(this.linkNamed(interfaceName)?.index);
  }

  /** Opens what the settings need and closes what they no longer do, then tells the core all facts. */
  configure(settings: Settings): void {
    const wanted = portsOf(settings);
    for (const [key, port] of this.#ports) {
      const next = wanted.get(key);
      if (next === undefined) {
        port.socket?.close();
        continue;
      }
      // Another port: who is known was known to the one before.
      port.socket?.forgetAll();
      next.socket = port.socket;
      next.linkIndex = port.linkIndex;
      next.failure = port.failure;
    }
    this.#ports = wanted;
    this.#peers = settings.ha.peers;
    if (this.#links !== null && settings.monitors.links === null) {
      this.#events.emit({ kind: 'monitor-removed', name: MONITOR_NAMES.links });
    }
    this.#links = settings.monitors.links;
    this.#linksDetail = '';
    this.#resyncAt = this.#links === null ? this.#nextLook() : this.#kernel.now();
    this.#pathInterfaces.clear();
    this.#linkStatuses.clear();
    this.#tellAll();
  }

  /**
   * Takes every pending notification, then brings the sockets in line with the links.
   * @returns whether anything is different: a renewed lifetime is not.
   */
  drain(now: Instant): boolean {
    const removed: LinkAddress[] = [];
    const due = earlier(this.#retryAt, this.#missingUntil);
    let changed = due !== null && now >= due;
    if (changed) this.#untold = true;
    const note = (change: NetworkChange): void => {
      changed = true;
      this.#note(change, removed);
    };
    this.#watch.receive(note);
    if (this.#resyncAt !== null && now >= this.#resyncAt) this.#look();
    if (this.#untold) this.#tellAll();
    for (const address of removed) this.#events.addressRemoved(address);
    return changed;
  }

  /** Has the kernel's lists read anew. Where memory or threads lack, nothing is done: the next look makes up for it. */
  #look(): void {
    try {
      this.#watch.look();
    } catch (error) {
      if (typeof (error as KernelError).code !== 'string') throw error;
    }
    this.#resyncAt = this.#nextLook();
  }

  #nextLook(): Instant {
    const { interval } = this.#links ?? {};
    const wanted = interval === undefined ? LOOK : millisecondsToMicroseconds(interval);
    return after(this.#kernel.now(), microseconds(Math.min(LOOK, wanted)));
  }

  /** Hands over the packets of all sockets, a bounded number. */
  receive(handler: (port: Port, packet: ReceivedPacket) => void): void {
    for (const port of this.#ports.values()) {
      if (port.socket === null) continue;
      try {
        port.socket.receive((packet) => handler(port, packet), PACKETS_PER_WAKE);
      } catch (error) {
        this.#lose(port, (error as KernelError).code);
      }
    }
  }

  /**
   * Sends a batch on the port's socket; without one every message fails with ENODEV.
   * @param notAfter as of AdvertisementSocket.send
   */
  send(key: string, batch: readonly OutgoingMessage[], notAfter?: Microseconds): SendFailure[] {
    const socket = this.#ports.get(key)?.socket;
    return socket
      ? socket.send(batch, notAfter)
      : batch.map((_, index) => ({ index, code: 'ENODEV' }));
  }

  /** The interface that the port's socket is bound to; null without one. */
  linkIndexOf(key: string): number | null {
    return this.#ports.get(key)?.linkIndex ?? null;
  }

  close(): void {
    for (const port of this.#ports.values()) port.socket?.close();
    this.#ports.clear();
    this.#watch.close();
  }

  /** After `close`: what stands on the interfaces now, once. @throws KernelError */
  lookAgain(): void {
    this.#watch = this.#kernel.openNetworkWatch(() => undefined);
    this.#watch.close();
  }

  #note(change: NetworkChange, removed: LinkAddress[]): void {
    this.revision += 1;
    if (this.#concerns(change)) this.#untold = true;
    switch (change.kind) {
      case 'address':
        this.#events.addressAdded(change.address);
        return;
      case 'address-removed':
        removed.push(change.address);
        return;
      case 'resynchronized':
        this.#events.resynchronized();
        return;
      case 'link-removed':
        this.#abandon(change.link.index);
        return;
      case 'link':
    }
  }

  /**
   * Whether a port, or the path to a peer, may be another one by this. Hundreds of virtual addresses are not: they are
   * not sent from, and what receives looks at the picture itself (`#scopeOf`).
   */
  #concerns(change: NetworkChange): boolean {
    if (!('address' in change)) return true;
    const { address } = change;
    const name = this.#watch.links.get(address.linkIndex)?.name;
    const ports = [...this.#ports.values()].filter((port) => port.interface === name);
    if (name === undefined || ports.length === 0) return false;
    const family = familyOf(address.address);
    return (
      ports.some((port) => port.family === family && !port.virtual.has(address.address)) ||
      this.#movesPath(name, change.kind === 'address', address)
    );
  }

  /** Whether a peer is reached over this interface now that the address came, or no longer, as it went. */
  #movesPath(interfaceName: string, came: boolean, network: LinkAddress): boolean {
    return this.#peers.some(({ name: peer, addresses }) =>
      addresses.some((address) => {
        if (!isWithin(address, network)) return false;
        const isThere = this.#pathInterfaces.get(`${peer} ${address}`) === interfaceName;
        if (came) return !isThere;
        const standing = this.standingOn(interfaceName);
        return isThere && !standing.some((other) => isWithin(address, other));
      }),
    );
  }

  /** A socket's memberships die with its interface, also when another one gets the same index. */
  #abandon(linkIndex: number): void {
    for (const port of this.#ports.values()) {
      if (port.linkIndex === linkIndex) this.#closeSocket(port);
    }
  }

  #closeSocket(port: Port): void {
    port.socket?.close();
    port.socket = null;
    port.linkIndex = null;
  }

  /** Links first, then addresses and sockets: a fault of the link explains the rest. */
  #tellAll(): void {
    const interfaces = new Set([...this.#ports.values()].map((port) => port.interface));
    const links = new Map([...interfaces].map((name) => [name, this.linkNamed(name)]));
    for (const [name, link] of links) this.#tellLink(name, link);
    this.#tellLinks();
    this.#untold = false;
    this.#retryAt = null;
    this.#missingUntil = null;
    const direct = this.#tellPaths(interfaces);
    for (const port of this.#ports.values()) port.neighbours = direct.get(port.interface) ?? [];
    for (const port of this.#ports.values()) this.#tellPort(port, links.get(port.interface));
  }

  #tellLink(name: string, link: Link | undefined): void {
    const status = linkStatus(name, link, this.#formerOf(name));
    const text = JSON.stringify(status);
    if (this.#linkStatuses.get(name) === text) return;
    this.#linkStatuses.set(name, text);
    this.#events.emit({ kind: 'monitor', status });
  }

  /** The interface that this name stood for when a socket was opened, if it is still there. */
  #formerOf(name: string): Link | undefined {
    const indexes = [...this.#ports.values()].map((port) =>
      port.interface === name ? port.linkIndex : null,
    );
    const index = indexes.find((one) => one !== null);
    return index === undefined || index === null ? undefined : this.#watch.links.get(index);
  }

  #tellLinks(): void {
    if (this.#links === null) return;
    const status = linkPairsStatus(this.#links, this.#watch.links.values(), this.#inhibited);
    if (status.detail === this.#linksDetail) return;
    this.#linksDetail = status.detail;
    this.#events.emit({ kind: 'monitor', status });
  }

  /** Which peer addresses each interface of ours reaches directly. */
  #tellPaths(interfaces: ReadonlySet<string>): Map<string, IpAddress[]> {
    const direct = new Map<string, IpAddress[]>();
    const networks = [...interfaces].map((name) => ({ name, addresses: this.addressesOn(name) }));
    for (const { name: peer, addresses } of this.#peers) {
      for (const address of addresses) {
        const found = networks.find((one) => one.addresses.some((net) => isWithin(address, net)));
        const name = found?.name ?? null;
        if (name !== null) direct.set(name, [...(direct.get(name) ?? []), address]);
        const key = `${peer} ${address}`;
        if (this.#pathInterfaces.get(key) === name) continue;
        this.#pathInterfaces.set(key, name);
        this.#events.emit({ kind: 'path-interface', peer, address, interface: name });
      }
    }
    return direct;
  }

  #tellPort(port: Port, link: Link | undefined): void {
    const addresses = this.addressesOn(port.interface).filter(
      ({ address }) => familyOf(address) === port.family,
    );
    const routers = [...port.routers.values()];
    const own = ownAddresses(port.virtual, addresses);
    const linked = link !== undefined && link.up && link.carrier && link.index === port.linkIndex;
    const until = setSources(port, sourcesOf(port.family, routers, own), {
      linked,
      now: this.#kernel.now(),
    });
    this.#missingUntil = earlier(this.#missingUntil, until);
    port.scope = this.#scopeOf(port, own);
    this.#reopen(port, link);
    this.#tellRouters(port);
  }

  /** What stands on the interface is looked up when it is asked for: virtual addresses come and go by hundreds. */
  #scopeOf(
    { interface: name, routers, neighbours }: Port,
    own: readonly LinkAddress[],
  ): DeliveryScope {
    const standing = (): AddressesOfLink => this.standingOn(name);
    return {
      ownAddresses: { has: (address) => standing().with(address).length > 0 },
      ownSources: new Set(own.map(({ address }) => address)),
      // A peer may send to our own address too when the group does not reach us.
      unicastPeers: new Set([
        ...[...routers.values()].flatMap((router) => router.unicastPeers),
        ...neighbours,
      ]),
      get networks() {
        return neighbours.length === 0 ? [] : standing().all();
      },
    };
  }

  /** Hundreds of virtual routers share a port, and every address put on it brings us here. */
  #tellRouters(port: Port): void {
    const { told } = port;
    const { sources, socket } = port;
    const open = socket !== null;
    const same = told !== undefined && isSameSources(told.sources, sources);
    if (same && told.open === open) return;
    port.told = { sources, open };
    for (const { name: virtualRouter } of port.routers.values()) {
      const address = sourceOf(sources, virtualRouter);
      if (told === undefined || sourceOf(told.sources, virtualRouter) !== address) {
        this.#events.emit({ kind: 'primary-address', virtualRouter, address });
      }
      if (told?.open !== open) this.#events.emit({ kind: 'socket', virtualRouter, open });
    }
  }

  /** A socket belongs to one interface index: a recreated interface needs a new one. */
  #reopen(port: Port, link: Link | undefined): void {
    if (port.socket !== null && port.linkIndex === link?.index) return;
    // Renamed: it still carries the farewell, and is the right one when the name comes back.
    if (link === undefined && port.socket !== null && this.#isThere(port)) return;
    this.#closeSocket(port);
    if (link === undefined) return;
    try {
      port.socket = this.#kernel.openAdvertisementSocket(port.family, link, this.#onReadable);
      port.linkIndex = link.index;
      port.failure = null;
    } catch (error) {
      this.#lose(port, (error as KernelError).code);
    }
  }

  #isThere({ linkIndex }: Port): boolean {
    return linkIndex !== null && this.#watch.links.has(linkIndex);
  }

  #lose(port: Port, code: string): void {
    this.#closeSocket(port);
    this.#retryAt = after(this.#kernel.now(), RETRY);
    if (port.failure !== code) this.#events.socketFailed(port, code);
    port.failure = code;
    this.#tellRouters(port);
  }
}
