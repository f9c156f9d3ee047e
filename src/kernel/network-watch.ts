// The rtnetlink subscription over the addon. No judgement of what a change means.
import { constants } from 'node:os';
import { familyOf, formatAddressWithPrefix } from '../model/address.js';
import type { Link, LinkAddress } from '../model/link.js';
import type { Addon, Handle } from './addon.js';
import type { AddressesOfLink, NetworkChange, NetworkWatch } from './kernel.js';
import { dumpOf, NetworkPicture, placeOf, type Dump } from './network-picture.js';
import { NetworkRecords, type NetworkRecord } from './network-records.js';
import { attempt, errorName, refusal } from './refusal.js';

type Handler = (change: NetworkChange) => void;

const LISTING = 'listing links and addresses';
/** Dumps torn by changes that are tried again before the picture is left as it is. */
const TORN_DUMPS = 16;
/** The kernel tells of an IPv6 address by then, on a busy machine, too, or it was told and the notification was lost. */
const TOLD_WITHIN_MS = 500;
/** Reads of one drain; whatever is left wakes the event loop again. */
const READS = 4096;

class NativeNetworkWatch implements NetworkWatch {
  readonly #addon: Addon;
  readonly #handle: Handle;
  readonly #records = new NetworkRecords();
  readonly #picture = new NetworkPicture();
  #closed = false;
  #busy = false;
  /** Notifications were lost and no whole dump was got since. */
  #stale = false;
  /** Goes up with all that the picture is made of. */
  #revision = 0;
  #looking = false;
  /** What a look has found that differs, until it is taken; it holds as long as nothing else was told since it began. */
  #found: { readonly dump: Dump; readonly since: number } | null = null;
  /** IPv6 addresses that looks have found and nobody has told of, and since when (performance.now). */
  #untold = new Map<string, number>();
  readonly #onFound: () => void;

  constructor(addon: Addon, handle: Handle, onFound: () => void) {
    this.#addon = addon;
    this.#handle = handle;
    this.#onFound = onFound;
  }

  get links(): ReadonlyMap<number, Link> {
    return this.#picture.links;
  }

  linkNamed(name: string): Link | undefined {
    return this.#picture.linkNamed(name);
  }

  addresses(): Iterable<LinkAddress> {
    return this.#picture.addresses();
  }

  addressesOn(linkIndex: number | undefined): AddressesOfLink {
    return this.#picture.addressesOn(linkIndex);
  }

  /** @throws KernelError EINTR when the lists never stood still for a whole dump. */
  start(): void {
    const dump = this.#takeDump();
    if (dump === null) throw refusal(LISTING, -constants.errno.EINTR, 'recvmsg');
    this.#picture.replace(dump, () => {});
  }

  receive(handler: Handler): void {
    this.#alone(() => this.#receive(handler));
  }

  look(): void {
    if (this.#looking || this.#closed) return;
    const since = this.#revision;
    attempt(LISTING, () => this.#addon.lookAtNetwork((found) => this.#seen(found, since)));
    this.#looking = true;
  }

  /** Without memory or descriptors, or where the lists changed meanwhile, the next look makes up for it. */
  #seen(found: ArrayBuffer | number, since: number): void {
    this.#looking = false;
    if (this.#closed || typeof found === 'number' || since !== this.#revision) return;
    const dump = this.#answered(dumpOf(new NetworkRecords(found).all()));
    if (this.#picture.isOf(dump)) return;
    this.#found = { dump, since };
    this.#onFound();
  }

  /**
   * The kernel lists an IPv6 address as soon as it was added; it answers for it, and tells of it, when a thread of its own
   * has had its turn. One of which it has not told may have just come, and is left out.
   */
  #answered(dump: Dump): Dump {
    if (this.#picture.isOf(dump)) return dump;
    const now = performance.now();
    const untold = new Map<string, number>();
    const addresses = dump.addresses.filter((one) => {
      const known = this.#picture.addressesOn(one.linkIndex).get(formatAddressWithPrefix(one));
      if (known !== undefined || familyOf(one.address) === 'ipv4') return true;
      const since = this.#untold.get(placeOf(one)) ?? now;
      untold.set(placeOf(one), since);
      return now - since >= TOLD_WITHIN_MS;
    });
    this.#untold = untold;
    return { ...dump, addresses };
  }

  resynchronize(handler: Handler): void {
    this.#alone(() => {
      this.#receive(handler);
      if (!this.#closed && !this.#catchUp(handler)) this.#stale = true;
    });
  }

  #alone(action: () => void): void {
    if (this.#busy) throw new Error('the network watch was called from its own handler');
    if (this.#closed) throw refusal('watching the network', -constants.errno.EBADF, 'recvmsg');
    this.#busy = true;
    try {
      action();
    } finally {
      this.#busy = false;
    }
  }

  #receive(handler: Handler): void {
    this.#drain((record) => {
      this.#revision += 1;
      this.#picture.apply(record, (change) => this.#handOver(change, handler));
    });
    const found = this.#found;
    this.#found = null;
    if (this.#closed) return;
    if (!this.#stale) {
      if (found !== null && found.since === this.#revision) this.#replace(found.dump, handler);
      return;
    }
    // What is still queued was said before the dump; apart from what the dump shows too, it is
    // history. Taking it in afterwards would bring removed addresses back for a moment.
    this.#drain(() => {});
    if (!this.#catchUp(handler)) return;
    this.#stale = false;
    this.#handOver({ kind: 'resynchronized' }, handler);
  }

  /** False when every dump was torn: the picture then stays as it was. */
  #catchUp(handler: Handler): boolean {
    const dump = this.#takeDump();
    if (dump === null) return false;
    this.#replace(dump, handler);
    return true;
  }

  #replace(dump: Dump, handler: Handler): void {
    this.#revision += 1;
    this.#picture.replace(dump, (change) => this.#handOver(change, handler));
  }

  /** A handler may close the watch; it then hears no more. */
  #handOver(change: NetworkChange, handler: Handler): void {
    if (!this.#closed) handler(change);
  }

  #drain(take: (record: NetworkRecord) => void): void {
    for (let read = 0; read < READS && !this.#closed; read += 1) {
      const count = this.#read(this.#handle);
      if (count === 0) return;
      if (count < 0) {
        if (errorName(count) !== 'ENOBUFS') throw refusal('watching the network', count, 'recvmsg');
        this.#stale = true;
        continue;
      }
      for (let index = 0; index < count; index += 1) take(this.#records.at(index));
    }
  }

  #takeDump(): Dump | null {
    for (let round = 0; round < TORN_DUMPS; round += 1) {
      const found = this.#addon.listNetwork();
      if (typeof found !== 'number') return dumpOf(new NetworkRecords(found).all());
      if (errorName(found) !== 'EINTR') throw refusal(LISTING, found, 'recvmsg');
    }
    return null;
  }

  #read(handle: Handle): number {
    return attempt('watching the network', () =>
      this.#addon.receiveNetwork(handle, this.#records.buffer),
    );
  }

  close(): void {
    this.#closed = true;
    this.#addon.close(this.#handle);
  }
}

/** Opens the subscription and takes the first dump; see Kernel.openNetworkWatch. */
export function openNetworkWatch(
  addon: Addon,
  receiveBuffer: number,
  onReadable: () => void,
): NetworkWatch {
  const handle = attempt('watching the network', () =>
    addon.openNetworkWatch(receiveBuffer, onReadable),
  );
  const watch = new NativeNetworkWatch(addon, handle, onReadable);
  try {
    watch.start();
  } catch (error) {
    watch.close();
    throw error;
  }
  return watch;
}
