// Sends what the core wants sent: advertisements and announcements, a batch per wake-up. No timers,
// no decision when or with which priority.
import type { IpAddress } from '../model/address.js';
import type { ChecksumDialect } from '../model/advertisement.js';
import type { VirtualRouterSettings } from '../config/settings.js';
import {
  TOO_LATE,
  type Announcer,
  type Kernel,
  type OutgoingMessage,
  type SendFailure,
} from '../kernel/kernel.js';
import type { Link } from '../model/link.js';
import { familyOf } from '../model/address.js';
import {
  encodeAdvertisement,
  encodeAdvertisementFrame,
  VRRP_GROUP,
  type Seal,
} from '../wire/advertisement.js';
import { after, earlier, microseconds, type Instant, type Microseconds } from '../model/units.js';
import { virtualMacAddress } from '../model/virtual-mac.js';
import { gratuitousArpFrame } from '../wire/arp.js';
import { isMac } from '../wire/ethernet.js';
import { unsolicitedNeighborAdvertisementFrame } from '../wire/neighbor-advertisement.js';
import type { Network } from './network.js';

interface AdvertisementToSend {
  readonly settings: VirtualRouterSettings;
  readonly priority: number;
  readonly source: IpAddress;
  readonly dialect: ChecksumDialect;
  /** Peers that get it by unicast besides. */
  readonly alsoTo: readonly IpAddress[];
}

/** An announcement that goes out once more, then, while the virtual router is still ours. */
interface Repetition {
  readonly settings: VirtualRouterSettings;
  readonly at: Instant;
}

/**
 * While the role is handed over two routers have the virtual MAC address for some ms. An ARP answer of the one before
 * us that is on its way when we announce has the switches send us nothing: so it is said again when that one has let
 * go, and again for one that takes long.
 */
const SAID_AGAIN = [20_000, 100_000, 300_000].map(microseconds);

interface Encoded extends QueuedAdvertisement {
  /** From the interface, through its socket. */
  readonly messages: readonly OutgoingMessage[];
  /** From the virtual MAC address, as whole frames on the interface. */
  readonly frames: readonly Uint8Array[];
}

interface QueuedAdvertisement extends AdvertisementToSend {
  /** The virtual router is ours now: what it says to the group comes from its MAC address (RFC 9568 §7.2). */
  readonly fromVirtualMac: boolean;
}

/** `code` is an errno name, or ENODEV when the interface has no open socket. */
type OnSendFailure = (virtualRouter: string, what: string, code: string) => void;

/** What signs the advertisements of a virtual router; null for those that go unsigned. */
export interface Signer {
  sealOf(settings: VirtualRouterSettings): Seal | null;
}

const NOBODY: Signer = { sealOf: () => null };

/** Announcements that went out, in frames. */
type OnAnnounced = (virtualRouter: string, frames: number) => void;

export class Advertiser {
  readonly #network: Network;
  readonly #announcer: Announcer;
  readonly #onFailure: OnSendFailure;
  readonly #onAnnounced: OnAnnounced;
  readonly #holds: (virtualRouter: string) => boolean;
  readonly #signer: Signer;
  readonly #now: () => Instant;
  /** The last encoding of each virtual router: between two changes every advertisement is the same. */
  readonly #encoded = new Map<string, Encoded>();
  #advertisements: QueuedAdvertisement[] = [];
  #announcements: VirtualRouterSettings[] = [];
  #repetitions: Repetition[] = [];
  /** Of the flush that is under way, or the last one. */
  #sendUntil = (): Microseconds => microseconds(Infinity);
  #inTime = true;

  constructor(
    network: Network,
    kernel: Pick<Kernel, 'openAnnouncer' | 'now'>,
    onFailure: OnSendFailure,
    onAnnounced: OnAnnounced,
    holds: (virtualRouter: string) => boolean,
    signer = NOBODY,
  ) {
    this.#network = network;
    this.#announcer = kernel.openAnnouncer();
    this.#onFailure = onFailure;
    this.#onAnnounced = onAnnounced;
    this.#holds = holds;
    this.#signer = signer;
    this.#now = () => kernel.now();
  }

  /**
   * From the virtual MAC address as soon as the addresses stand: a frame from it has the switches send us what is meant
   * for it. A question that a Backup asks, and the first claim after a silence, which comes before the addresses (RFC
   * 9568 §6.4.2), come from the interface.
   */
  queueAdvertisement(
    settings: VirtualRouterSettings,
    { priority, source, dialect, alsoTo }: Omit<AdvertisementToSend, 'settings'>,
  ): void {
    const fromVirtualMac = settings.virtualMac && this.#holds(settings.name);
    // Field by field: an Active of many does this thousands of times a second.
    this.#advertisements.push({ settings, priority, source, dialect, alsoTo, fromVirtualMac });
  }

  queueAnnouncement(settings: VirtualRouterSettings): void {
    this.#announcements.push(settings);
    if (!settings.virtualMac) return;
    const now = this.#now();
    const others = this.#repetitions.filter((one) => one.settings.name !== settings.name);
    const again = SAID_AGAIN.map((delay) => ({ settings, at: after(now, delay) }));
    this.#repetitions = [...others, ...again];
  }

  /** When an announcement is due once more; null for never. */
  get dueAt(): Instant | null {
    let due: Instant | null = null;
    for (const { at } of this.#repetitions) due = earlier(due, at);
    return due;
  }

  #repeat(): void {
    if (this.#repetitions.length === 0) return;
    const now = this.#now();
    const due = this.#repetitions.filter(({ at }) => at <= now);
    if (due.length === 0) return;
    this.#repetitions = this.#repetitions.filter(({ at }) => at > now);
    const active = due.map(({ settings }) => settings).filter(({ name }) => this.#holds(name));
    this.#announcements.push(...active);
  }

  /**
   * Sends everything queued, one system call per socket. Announcements first: the advertisement that
   * goes with them makes the one before us let go of the addresses.
   * @param sendUntil by CLOCK_BOOTTIME; asked before each batch: what has not been sent by then is forgotten.
   * @returns whether nothing was.
   */
  flush(sendUntil: () => Microseconds): boolean {
    this.#sendUntil = sendUntil;
    this.#inTime = true;
    this.#repeat();
    const advertisements = this.#advertisements;
    const announcements = this.#announcements;
    if (announcements.length > 0) {
      this.#announcements = [];
      this.#sendAnnouncements(announcements);
    }
    if (advertisements.length > 0) {
      this.#advertisements = [];
      this.#sendAdvertisements(advertisements);
    }
    return this.#inTime;
  }

  #sendAdvertisements(advertisements: readonly QueuedAdvertisement[]): void {
    const batches = new Map<string, Batch>();
    let batch = new Batch();
    let last: VirtualRouterSettings | null = null;
    for (const advertisement of advertisements) {
      const { settings } = advertisement;
      // Nearly always that of the one before it.
      if (last?.interface !== settings.interface || last.family !== settings.family) {
        const key = `${settings.interface}/${settings.family}`;
        batch = batches.get(key) ?? new Batch();
        batches.set(key, batch);
        last = settings;
      }
      batch.add(settings.name, this.#encode(advertisement));
    }
    for (const [key, { owners, messages, frameOwners, frames }] of batches) {
      if (messages.length > 0) {
        const failures = this.#network.send(key, messages, this.#sendUntil());
        this.#reportFailures('advertisement', owners, failures);
      }
      if (frames.length > 0) {
        this.#reportFailures('advertisement', frameOwners, this.#sendFrames(key, frames));
      }
    }
  }

  /** On the interface that the port's socket is bound to, whatever it is called; without one as without a socket. */
  #sendFrames(key: string, frames: readonly Uint8Array[]): SendFailure[] {
    const linkIndex = this.#network.linkIndexOf(key);
    return linkIndex === null
      ? frames.map((_, index) => ({ index, code: 'ENODEV' }))
      : this.#announcer.send(
          frames.map((frame) => ({ linkIndex, frame })),
          this.#sendUntil(),
        );
  }

  #encode(wanted: QueuedAdvertisement): Encoded {
    const seal = this.#signer.sealOf(wanted.settings);
    // Each that is signed is another one.
    if (seal !== null) return { ...wanted, ...encodeFrom(wanted, seal) };
    const known = this.#encoded.get(wanted.settings.name);
    if (
      known !== undefined &&
      known.settings === wanted.settings &&
      known.priority === wanted.priority &&
      known.source === wanted.source &&
      known.dialect === wanted.dialect &&
      known.fromVirtualMac === wanted.fromVirtualMac &&
      isSameList(known.alsoTo, wanted.alsoTo)
    ) {
      return known;
    }
    const encoded = { ...wanted, ...encodeFrom(wanted, null) };
    this.#encoded.set(wanted.settings.name, encoded);
    return encoded;
  }

  #sendAnnouncements(announcements: readonly VirtualRouterSettings[]): void {
    const owners: string[] = [];
    const frames: { linkIndex: number; frame: Uint8Array }[] = [];
    for (const settings of announcements) {
      const link = this.#network.linkNamed(settings.interface);
      // Without a link-layer address there is nobody to announce it to: clients route to it.
      if (link === undefined || !isMac(link.macAddress)) continue;
      for (const frame of announcementFrames(settings, announcedMac(settings, link))) {
        owners.push(settings.name);
        frames.push({ linkIndex: link.index, frame });
      }
    }
    const failures = this.#announcer.send(frames, this.#sendUntil());
    const failed = new Set(failures.map(({ index }) => index));
    for (const [index, owner] of owners.entries()) {
      if (!failed.has(index)) this.#onAnnounced(owner, 1);
    }
    this.#reportFailures('announcement', owners, failures);
  }

  #reportFailures(what: string, owners: readonly string[], failures: readonly SendFailure[]): void {
    for (const { index, code } of failures) {
      if (code === TOO_LATE) this.#inTime = false;
      else this.#onFailure(owners[index] ?? '', what, code);
    }
  }
}

const isSameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one, index) => one === b[index]);

/** The messages of one advertisement: one to the group, or one to each unicast peer; each is signed by itself. */
export function encodeFor(
  { settings, priority, source, dialect, alsoTo }: AdvertisementToSend,
  seal: Seal | null,
): OutgoingMessage[] {
  const { family, unicastPeers, vrid, advertisementInterval } = settings;
  const usual = unicastPeers.length > 0 ? unicastPeers : [VRRP_GROUP[family]];
  const besides = alsoTo.filter((one) => familyOf(one) === family && !usual.includes(one));
  const destinations = [...usual, ...besides];
  const advertisement = {
    vrid,
    priority,
    maxAdvertiseInterval: advertisementInterval,
    addresses: settings.addresses.map(({ address }) => address),
  };
  return destinations.map((destination) => {
    const envelope = { source, destination };
    const plain = encodeAdvertisement(advertisement, { ...envelope, dialect });
    return { ...envelope, message: seal?.(plain, envelope) ?? plain };
  });
}

const announcedMac = ({ virtualMac, family, vrid }: VirtualRouterSettings, link: Link): string =>
  virtualMac ? virtualMacAddress(family, vrid) : link.macAddress;

function announcementFrames(settings: VirtualRouterSettings, macAddress: string): Uint8Array[] {
  return settings.addresses.map(({ address }) =>
    familyOf(address) === 'ipv4'
      ? gratuitousArpFrame(macAddress, address)
      : unsolicitedNeighborAdvertisementFrame(macAddress, address),
  );
}

/** What goes out on one interface, and whose it is. */
class Batch {
  readonly owners: string[] = [];
  readonly messages: OutgoingMessage[] = [];
  readonly frameOwners: string[] = [];
  readonly frames: Uint8Array[] = [];

  add(owner: string, { messages, frames }: Pick<Encoded, 'messages' | 'frames'>): void {
    for (const message of messages) {
      this.owners.push(owner);
      this.messages.push(message);
    }
    for (const frame of frames) {
      this.frameOwners.push(owner);
      this.frames.push(frame);
    }
  }
}

/** To the group from the virtual MAC address, where that is ours; a peer's link-layer address is the kernel's knowledge. */
function encodeFrom(
  wanted: QueuedAdvertisement,
  seal: Seal | null,
): Pick<Encoded, 'messages' | 'frames'> {
  const messages = encodeFor(wanted, seal);
  const { family, vrid, advertisementInterval, addresses } = wanted.settings;
  const group = VRRP_GROUP[family];
  if (!wanted.fromVirtualMac) return { messages, frames: [] };
  const { priority, source, dialect } = wanted;
  const frame = encodeAdvertisementFrame(
    {
      vrid,
      priority,
      maxAdvertiseInterval: advertisementInterval,
      addresses: addresses.map(({ address }) => address),
    },
    { source, destination: group, dialect, seal, sourceMac: virtualMacAddress(family, vrid) },
  );
  const others = messages.filter(({ destination }) => destination !== group);
  return { messages: others, frames: others.length < messages.length ? [frame] : [] };
}
