// From a received packet to an event of the core, or to a counter: which checks it failed, and on
// whose account. A discarded packet touches no timer and no state (RFC 9568 §7.1).
import type { VirtualRouterSettings } from '../config/settings.js';
import { isMulticast, type IpAddress } from '../model/address.js';
import type { Instance } from '../core/instance.js';
import type { InstanceEvent } from '../core/interface.js';
import { DISCARD_REASONS, type DiscardReason } from '../model/advertisement.js';
import type { ReceivedPacket } from '../kernel/kernel.js';
import type { Instant } from '../model/units.js';
import type { UnheardStatus } from '../model/status.js';
import {
  checkDelivery,
  decodeAdvertisement,
  VRRP_HOP_LIMIT,
  type DecodedAdvertisement,
  type DeliveryScope,
} from '../wire/advertisement.js';
import { hasTrailer, TRAILER_LENGTH } from '../wire/signature.js';
import { createAdvertisementDecoder, isSameMessage } from '../wire/advertisement-decoder.js';
import type { Journal } from '../journal/journal.js';
import type { HeardReport, MadeCheck } from '../peer-channel/peer-channel.js';
import { Discards } from './discards.js';
import type { Services } from './driver-options.js';
import type { Network } from './network.js';
import type { Port } from './ports.js';
import type { Signing } from './signing.js';
import { Unheard } from './unheard.js';

type AdvertisementEvent = Extract<InstanceEvent, { kind: 'advertisement' }>;
/** What is heard of others, of which most is only counted; and what was asked of them meanwhile. */
type HeardEvent = AdvertisementEvent | HeardReport | MadeCheck;
type Accepted = Extract<DecodedAdvertisement, { ok: true }>;

interface ReceptionOptions {
  readonly journal: Journal;
  readonly signing: Pick<Signing, 'doubt'>;
  /** None for whoever hears advertisements alone. */
  readonly services?: Pick<Services, 'confirmed' | 'isAnyConfirmed' | 'trustPeers'>;
}

/** The last advertisement accepted of a VRID, and who we were then. */
interface Memory {
  readonly router: VirtualRouterSettings;
  readonly scope: DeliveryScope;
  readonly destination: IpAddress;
  readonly message: Uint8Array;
  readonly event: AdvertisementEvent;
}

export class Reception {
  readonly #journal: Journal;
  readonly #decode = createAdvertisementDecoder();
  /** Of packets that named the VRID of a virtual router, by its name. */
  readonly byRouter = new Discards();
  /** Of those that could be matched to none, by interface. */
  readonly byInterface = new Discards();
  readonly #unheard = new Unheard();
  /** By VRID; a port whose settings change is another port. */
  readonly #memories = new WeakMap<Port, Map<number, Memory>>();
  /** What has arrived in this wake-up, in columns that are used again: nothing is made for a packet. */
  readonly #arrived: HeardEvent[] = [];
  readonly #times: Instant[] = [];
  #inOrder = true;

  readonly #isStranger: (source: IpAddress) => boolean;
  readonly #signing: Pick<Signing, 'doubt'>;
  readonly #peers: ReceptionOptions['services'];

  /**
   * @param options with what verifies signatures, and with who has counted what the peers said
   * @param isStranger whether the source of an advertisement is known to be none of the peers
   */
  constructor(
    { journal, signing, services }: ReceptionOptions,
    isStranger: (source: IpAddress) => boolean,
  ) {
    this.#journal = journal;
    this.#isStranger = isStranger;
    this.#signing = signing;
    this.#peers = services;
  }

  /**
   * Hands over what repeated an advertisement since the last call, as often as it did, with the time of the last one; and
   * what only confirmed the word of a peer, and the checks that were made. Nobody was woken for it: nothing but deadlines
   * hung on it.
   */
  repetitions(network: Network, take: (event: HeardEvent, at: Instant) => void): void {
    for (const port of network.ports()) {
      port.socket?.repetitions((vrid, count, last) => {
        const known = this.#memories.get(port)?.get(vrid);
        if (known === undefined) return;
        for (let time = 0; time < count; time += 1) this.#arrive(known.event, last);
      });
    }
    this.#peers?.confirmed((event, at) => this.#arrive(event, at));
    this.#handOver(take);
  }

  /** Whether `repetitions` would hand over any. */
  isAnyCounted(network: Network): boolean {
    for (const { socket } of network.ports()) if (socket?.hasRepetitions === true) return true;
    return this.#peers?.isAnyConfirmed === true;
  }

  /**
   * From now on those wake us again that would do more than that.
   * @param doubts whether there may be some among those that did no more until now.
   */
  distrust(
    network: Network,
    core: Pick<Instance, 'isRepetition' | 'isConfirmation'>,
    doubts: boolean,
  ): void {
    this.#peers?.trustPeers((heard) => core.isConfirmation(heard), doubts);
    if (!doubts) return;
    for (const port of network.ports()) {
      const { socket } = port;
      if (socket === null) continue;
      for (const [vrid, { router, scope, event }] of this.#memories.get(port) ?? []) {
        if (!socket.isKnown(vrid)) continue;
        const holds = scope === port.scope && !this.#isRefused(router, event.source);
        if (!holds || !core.isRepetition(event)) socket.forget(vrid);
      }
    }
  }

  /** Hands over all pending packets that are valid advertisements for us, in the order of their arrival. */
  receive(network: Network, take: (event: HeardEvent, at: Instant) => void): void {
    network.receive((port, packet) => {
      const event = this.#repeated(port, packet) ?? this.#examine(port, packet);
      if (event !== null) this.#arrive(event, packet.arrivedAt);
    });
    this.#handOver(take);
  }

  #arrive(event: HeardEvent, at: Instant): void {
    if (at < (this.#times.at(-1) ?? 0)) this.#inOrder = false;
    this.#arrived.push(event);
    this.#times.push(at);
  }

  #handOver(take: (event: HeardEvent, at: Instant) => void): void {
    const [arrived, times] = [this.#arrived, this.#times];
    // Of several ports each has an order of its own.
    const order = this.#inOrder ? null : byTime(times);
    for (let place = 0; place < arrived.length; place += 1) {
      const at = order?.[place] ?? place;
      take(arrived[at] as HeardEvent, times[at] as Instant);
    }
    arrived.length = 0;
    times.length = 0;
    this.#inOrder = true;
  }

  /** Who is loud on the VRID of this virtual router, and not heard. */
  unheardBy(virtualRouter: string, now: Instant): UnheardStatus[] {
    return this.#unheard.loud(virtualRouter, now);
  }

  /**
   * The event of a packet that is, byte for byte, the last one accepted of its VRID, from the same source to the same
   * destination, while we are who we were: an Active repeats itself for hours. Null for any other.
   */
  #repeated(port: Port, packet: ReceivedPacket): AdvertisementEvent | null {
    const { message, source, destination } = packet;
    const known = this.#memories.get(port)?.get(message[1] ?? 0);
    if (known === undefined || known.scope !== port.scope) return null;
    if (known.event.source !== source || known.destination !== destination) return null;
    if (packet.hopLimit !== VRRP_HOP_LIMIT || !isSameMessage(known.message, message)) return null;
    // Whose address it is may be known by now.
    if (this.#isRefused(known.router, source)) return null;
    // It has come twice: the next one may only be counted, unless the core makes more of it (`distrust`).
    const vrid = message[1] ?? 0;
    if (port.socket?.isKnown(vrid) === false) port.socket.know();
    return known.event;
  }

  #examine(port: Port, packet: ReceivedPacket): AdvertisementEvent | null {
    const misdelivered = checkDelivery(packet, port.scope);
    if (misdelivered !== null) {
      this.#discard(port, packet, misdelivered, packet.message[1], undefined);
      return null;
    }
    const signed = isSignedFor(port, packet);
    const decoded = signed ? decodeAdvertisement(packet, TRAILER_LENGTH) : this.#decode(packet);
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
    if (signed) return this.#believed(port, router, packet, decoded);
    if (router.signed === 'require') {
      this.#discard(port, packet, 'unsigned', router.vrid, undefined);
      return null;
    }
    return this.#remembered(port, router, packet, decoded);
  }

  /** Its event, unless the signature is in doubt. Never remembered: the same bytes again are a recording. */
  #believed(
    port: Port,
    router: VirtualRouterSettings,
    packet: ReceivedPacket,
    accepted: Accepted,
  ): AdvertisementEvent | null {
    const doubt = this.#signing.doubt(router, packet.source, packet.message);
    if (doubt === null) return eventOf(router, packet, accepted);
    this.#discard(port, packet, doubt.reason, router.vrid, doubt.detail);
    return null;
  }

  /** VRRP has no authentication (RFC 9568 §9): with `sources: peers` it matters who speaks. */
  #isRefused({ sources, unicastPeers }: VirtualRouterSettings, source: IpAddress): boolean {
    return sources === 'peers' && !unicastPeers.includes(source) && this.#isStranger(source);
  }

  /** Its event, the one before when it says the same; from now on it is what the next packet is compared with. */
  #remembered(
    port: Port,
    router: VirtualRouterSettings,
    packet: ReceivedPacket,
    accepted: Accepted,
  ): AdvertisementEvent {
    const { source, destination, message } = packet;
    const { advertisement } = accepted;
    let memories = this.#memories.get(port);
    if (memories === undefined) this.#memories.set(port, (memories = new Map()));
    const { scope } = port;
    const multicast = isMulticast(destination);
    const known = memories.get(advertisement.vrid);
    // The decoder answers with the same advertisement for the same bytes from the same source.
    const isSame =
      known?.event.advertisement === advertisement &&
      known.event.source === source &&
      known.event.multicast === multicast;
    const event = isSame ? known.event : eventOf(router, packet, accepted);
    port.socket?.forget(advertisement.vrid);
    memories.set(advertisement.vrid, {
      router,
      scope,
      destination,
      message: message.slice(),
      event,
    });
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
    if (router === undefined) this.byInterface.add(port.interface, reason, packet.arrivedAt);
    else {
      this.byRouter.add(router.name, reason, packet.arrivedAt);
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

const eventOf = (
  { name: virtualRouter }: VirtualRouterSettings,
  { source, destination }: ReceivedPacket,
  { advertisement, dialect }: Accepted,
): AdvertisementEvent => ({
  kind: 'advertisement',
  virtualRouter,
  advertisement,
  source,
  dialect,
  multicast: isMulticast(destination),
});

/** Whether the packet is of a virtual router that looks at signatures, and has the length of one with a signature. */
const isSignedFor = ({ routers }: Port, { message, family }: ReceivedPacket): boolean =>
  (routers.get(message[1] ?? 0)?.signed ?? 'off') !== 'off' && hasTrailer(message, family);

/** The places of these instants in their order; of equals the first stays the first. */
const byTime = (times: readonly Instant[]): number[] =>
  [...times.keys()].sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0));
