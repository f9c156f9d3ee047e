// From a received packet to an event of the core, or to a counter: which checks it failed, and on
// whose account. A discarded packet touches no timer and no state (RFC 9568 §7.1).
import type { VirtualRouterSettings } from '../config/settings.js';
import { isMulticast, type IpAddress } from '../model/address.js';
import type { InstanceEvent } from '../core/interface.js';
import { DISCARD_REASONS, type DiscardReason } from '../model/advertisement.js';
import type { ReceivedPacket } from '../kernel/kernel.js';
import type { Instant } from '../model/units.js';
import type { UnheardStatus } from '../model/status.js';
import { checkDelivery, type DecodedAdvertisement } from '../wire/advertisement.js';
import { createAdvertisementDecoder } from '../wire/advertisement-decoder.js';
import type { Journal } from '../journal/journal.js';
import type { Network } from './network.js';
import type { Port } from './ports.js';
import { Unheard } from './unheard.js';

type DiscardCounters = Partial<Record<DiscardReason, number>>;

interface ArrivedEvent {
  readonly event: InstanceEvent;
  readonly at: Instant;
}

type AdvertisementEvent = Extract<InstanceEvent, { kind: 'advertisement' }>;
type Accepted = Extract<DecodedAdvertisement, { ok: true }>;

export class Reception {
  readonly #journal: Journal;
  readonly #decode = createAdvertisementDecoder();
  readonly #byRouter = new Map<string, DiscardCounters>();
  readonly #byInterface = new Map<string, DiscardCounters>();
  readonly #unheard = new Unheard();
  /** The last event of each VRID; a port whose settings change is another port. */
  readonly #events = new WeakMap<Port, Map<number, AdvertisementEvent>>();

  readonly #isStranger: (source: IpAddress) => boolean;

  /** @param isStranger whether the source of an advertisement is known to be none of the peers */
  constructor(journal: Journal, isStranger: (source: IpAddress) => boolean) {
    this.#journal = journal;
    this.#isStranger = isStranger;
  }

  /** All pending packets that are valid advertisements for us, in the order of their arrival. */
  receive(network: Network): ArrivedEvent[] {
    const arrived: ArrivedEvent[] = [];
    network.receive((port, packet) => {
      const event = this.#examine(port, packet);
      if (event !== null) arrived.push({ event, at: packet.arrivedAt });
    });
    return arrived.length > 1 ? arrived.sort((a, b) => a.at - b.at) : arrived;
  }

  /** Discards on the account of a virtual router: the packet named its VRID. */
  discardedFor(virtualRouter: string): DiscardCounters {
    return this.#byRouter.get(virtualRouter) ?? {};
  }

  /** Discards that could be matched to no virtual router of the interface. */
  discardedOn(interfaceName: string): DiscardCounters {
    return this.#byInterface.get(interfaceName) ?? {};
  }

  /** Who is loud on the VRID of this virtual router, and not heard. */
  unheardBy(virtualRouter: string, now: Instant): UnheardStatus[] {
    return this.#unheard.loud(virtualRouter, now);
  }

  #examine(port: Port, packet: ReceivedPacket): InstanceEvent | null {
    const misdelivered = checkDelivery(packet, port.scope);
    if (misdelivered !== null) {
      this.#discard(port, packet, misdelivered, packet.message[1], undefined);
      return null;
    }
    const decoded = this.#decode(packet);
    if (!decoded.ok) {
      this.#discard(port, packet, decoded.reason, decoded.vrid, decoded.detail);
      return null;
    }
    const router = port.routers.get(decoded.advertisement.vrid);
    if (router === undefined) {
      const { vrid } = decoded.advertisement;
      this.#discard(port, packet, 'vrid', undefined, `VRID ${vrid}`);
      return null;
    }
    if (this.#isRefused(router, packet.source)) {
      this.#discard(port, packet, 'stranger', router.vrid, undefined);
      return null;
    }
    return this.#eventOf(port, router.name, packet, decoded);
  }

  /** VRRP has no authentication (RFC 9568 §9): with `sources: peers` it matters who speaks. */
  #isRefused({ sources, unicastPeers }: VirtualRouterSettings, source: IpAddress): boolean {
    return sources === 'peers' && !unicastPeers.includes(source) && this.#isStranger(source);
  }

  /** The event of the last packet when this one says the same: an Active repeats itself for hours. */
  #eventOf(
    port: Port,
    virtualRouter: string,
    { source, destination }: ReceivedPacket,
    { advertisement, dialect }: Accepted,
  ): InstanceEvent {
    let events = this.#events.get(port);
    if (events === undefined) this.#events.set(port, (events = new Map()));
    const multicast = isMulticast(destination);
    const known = events.get(advertisement.vrid);
    // The decoder answers with the same advertisement for the same bytes from the same source.
    if (
      known?.advertisement === advertisement &&
      known.source === source &&
      known.multicast === multicast
    ) {
      return known;
    }
    const event: AdvertisementEvent = {
      kind: 'advertisement',
      virtualRouter,
      advertisement,
      source,
      dialect,
      multicast,
    };
    events.set(advertisement.vrid, event);
    return event;
  }

  #discard(
    port: Port,
    packet: ReceivedPacket,
    reason: DiscardReason,
    vrid: number | undefined,
    detail: string | undefined,
  ): void {
    const router = vrid === undefined ? undefined : port.routers.get(vrid);
    count(this.#byRouter, this.#byInterface, router?.name, port.interface, reason);
    if (router !== undefined) {
      this.#unheard.note(router.name, packet.source, reason, detail, packet.arrivedAt);
    }
    this.#journal.recordForeign('warn', `discard ${port.key} ${reason} ${packet.source}`, {
      event: 'packet-discarded',
      ...(router === undefined ? {} : { virtualRouter: router.name }),
      reason,
      detail:
        detail === undefined ? DISCARD_REASONS[reason] : `${DISCARD_REASONS[reason]}: ${detail}`,
      interface: port.interface,
      source: packet.source,
    });
  }
}

function count(
  byRouter: Map<string, DiscardCounters>,
  byInterface: Map<string, DiscardCounters>,
  virtualRouter: string | undefined,
  interfaceName: string,
  reason: DiscardReason,
): void {
  const [table, key] =
    virtualRouter === undefined ? [byInterface, interfaceName] : [byRouter, virtualRouter];
  const counters = table.get(key) ?? {};
  table.set(key, counters);
  counters[reason] = (counters[reason] ?? 0) + 1;
}
