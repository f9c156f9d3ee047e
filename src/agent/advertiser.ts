// Sends what the core wants sent: advertisements and announcements, a batch per wake-up. No timers,
// no decision when or with which priority.
import type { IpAddress } from '../model/address.js';
import type { ChecksumDialect } from '../model/advertisement.js';
import type { VirtualRouterSettings } from '../config/settings.js';
import type { Announcer, OutgoingMessage, SendFailure } from '../kernel/kernel.js';
import type { Link } from '../model/link.js';
import { familyOf } from '../model/address.js';
import { encodeAdvertisement, VRRP_GROUP } from '../wire/advertisement.js';
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

interface Encoded extends AdvertisementToSend {
  readonly messages: readonly OutgoingMessage[];
}

/** `code` is an errno name, or ENODEV when the interface has no open socket. */
type OnSendFailure = (virtualRouter: string, what: string, code: string) => void;

/** Announcements that went out, in frames. */
type OnAnnounced = (virtualRouter: string, frames: number) => void;

export class Advertiser {
  readonly #network: Network;
  readonly #announcer: Announcer;
  readonly #onFailure: OnSendFailure;
  readonly #onAnnounced: OnAnnounced;
  /** The last encoding of each virtual router: between two changes every advertisement is the same. */
  readonly #encoded = new Map<string, Encoded>();
  #advertisements: AdvertisementToSend[] = [];
  #announcements: VirtualRouterSettings[] = [];

  constructor(
    network: Network,
    announcer: Announcer,
    onFailure: OnSendFailure,
    onAnnounced: OnAnnounced,
  ) {
    this.#network = network;
    this.#announcer = announcer;
    this.#onFailure = onFailure;
    this.#onAnnounced = onAnnounced;
  }

  queueAdvertisement(advertisement: AdvertisementToSend): void {
    this.#advertisements.push(advertisement);
  }

  queueAnnouncement(settings: VirtualRouterSettings): void {
    this.#announcements.push(settings);
  }

  /**
   * Sends everything queued, one system call per socket. Announcements first: the advertisement that
   * goes with them makes the one before us let go of the addresses.
   */
  flush(): void {
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
  }

  #sendAdvertisements(advertisements: readonly AdvertisementToSend[]): void {
    const batches = new Map<string, { owners: string[]; messages: OutgoingMessage[] }>();
    for (const advertisement of advertisements) {
      const { name, interface: interfaceName, family } = advertisement.settings;
      const key = `${interfaceName}/${family}`;
      const batch = batches.get(key) ?? { owners: [], messages: [] };
      batches.set(key, batch);
      for (const message of this.#encode(advertisement)) {
        batch.owners.push(name);
        batch.messages.push(message);
      }
    }
    for (const [key, { owners, messages }] of batches) {
      this.#reportFailures('advertisement', owners, this.#network.send(key, messages));
    }
  }

  #encode(wanted: AdvertisementToSend): readonly OutgoingMessage[] {
    const known = this.#encoded.get(wanted.settings.name);
    if (
      known !== undefined &&
      known.settings === wanted.settings &&
      known.priority === wanted.priority &&
      known.source === wanted.source &&
      known.dialect === wanted.dialect &&
      isSameList(known.alsoTo, wanted.alsoTo)
    ) {
      return known.messages;
    }
    const messages = encodeFor(wanted);
    this.#encoded.set(wanted.settings.name, { ...wanted, messages });
    return messages;
  }

  #sendAnnouncements(announcements: readonly VirtualRouterSettings[]): void {
    const owners: string[] = [];
    const frames: { linkIndex: number; frame: Uint8Array }[] = [];
    for (const settings of announcements) {
      const link = this.#network.linkNamed(settings.interface);
      // Without a link-layer address there is nobody to announce it to: clients route to it.
      if (link === undefined || !isMac(link.macAddress)) continue;
      for (const frame of announcementFrames(settings, link)) {
        owners.push(settings.name);
        frames.push({ linkIndex: link.index, frame });
      }
    }
    const failures = this.#announcer.send(frames);
    const failed = new Set(failures.map(({ index }) => index));
    for (const [index, owner] of owners.entries()) {
      if (!failed.has(index)) this.#onAnnounced(owner, 1);
    }
    this.#reportFailures('announcement', owners, failures);
  }

  #reportFailures(what: string, owners: readonly string[], failures: readonly SendFailure[]): void {
    for (const { index, code } of failures) this.#onFailure(owners[index] ?? '', what, code);
  }
}

const isSameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one, index) => one === b[index]);

/** The messages of one advertisement: one to the group, or one to each unicast peer. */
export function encodeFor({
  settings,
  priority,
  source,
  dialect,
  alsoTo,
}: AdvertisementToSend): OutgoingMessage[] {
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
  return destinations.map((destination) => ({
    source,
    destination,
    message: encodeAdvertisement(advertisement, { source, destination, dialect }),
  }));
}

function announcementFrames(settings: VirtualRouterSettings, link: Link): Uint8Array[] {
  return settings.addresses.map(({ address }) =>
    familyOf(address) === 'ipv4'
      ? gratuitousArpFrame(link.macAddress, address)
      : unsolicitedNeighborAdvertisementFrame(link.macAddress, address),
  );
}
