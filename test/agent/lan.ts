// The cable `lan` as a test sees it from this namespace: what arrives, what is sent by hand, which
// addresses come and go. The router at its other end is test/kernel/peer.ts. No expectations.
import type { Family, IpAddress } from '../../src/model/address.js';
import { centiseconds } from '../../src/model/units.js';
import type {
  AdvertisementSocket,
  Kernel,
  OutgoingMessage,
  ReceivedPacket,
} from '../../src/kernel/kernel.js';
import { encodeAdvertisement, VRRP_GROUP } from '../../src/wire/advertisement.js';
import { Inbox } from '../kernel/inbox.js';
import type { Peer } from '../kernel/peer.js';
import { linkNamed } from '../kernel/links.js';
import { until } from '../support/limits.js';
import { address } from '../support/address.js';

export { address };

export const VIRTUAL = '192.0.2.100/24';
/** The addresses of joinPeer: ours and the peer's. */
export const OWN = { ipv4: address('192.0.2.1'), ipv6: address('fe80::1') } as const;
export const PEER = { ipv4: address('192.0.2.2'), ipv6: address('fe80::2') } as const;

/** The address of a literal in a test. */
/** A virtual router of the settings file: VRID 51 on `lan`, 50 ms, priority 200. */
export const router = (change: object = {}): object => ({
  name: 'lan',
  interface: 'lan',
  vrid: 51,
  addresses: [VIRTUAL],
  advertisementIntervalMs: 50,
  priority: 200,
  ...change,
});

/**
 * For tests in which a role moves by what they do, and by nothing else: only a machine that stands still for
 * most of a second moves one besides. Into a virtual router, and into `ha`.
 */
export const CALM = {
  router: { advertisementIntervalMs: 300 },
  ha: { peerCheckIntervalMs: 50, peerFailureThreshold: 20 },
} as const;

export const settings = (...virtualRouters: readonly object[]): object => ({
  name: 'test',
  virtualRouters: virtualRouters.length === 0 ? [router()] : virtualRouters,
});

/** Priority of a VRRP message: byte 2 (RFC 9568 §5.2.4). */
export const priorityOf = ({ message }: { readonly message: Uint8Array }): number | undefined =>
  message[2];

/** An advertisement from the peer, as a message for `Peer.send`. */
export function advertisementOfPeer(priority: number, change: Partial<Said> = {}): OutgoingMessage {
  const { family = 'ipv4', vrid = 51, interval = 5, addresses = ['192.0.2.100'] } = change;
  const { source = PEER[family], destination = VRRP_GROUP[family] } = change;
  const advertisement = {
    vrid,
    priority,
    maxAdvertiseInterval: centiseconds(interval),
    addresses: addresses.map(address),
  };
  const pair = { source, destination, dialect: 'rfc9568' as const };
  return { source, destination, message: encodeAdvertisement(advertisement, pair) };
}

export interface Said {
  readonly family: Family;
  readonly vrid: number;
  /** Centiseconds. */
  readonly interval: number;
  readonly addresses: readonly string[];
  readonly source: IpAddress;
  readonly destination: IpAddress;
}

/** Our end of the cable. */
export class Lan {
  readonly packets = new Inbox<ReceivedPacket>();
  readonly #sockets: Record<Family, AdvertisementSocket>;

  constructor(kernel: Kernel) {
    const link = linkNamed(kernel, 'lan');
    const open = (family: Family): AdvertisementSocket => {
      const socket = kernel.openAdvertisementSocket(family, link, () => {
        socket.receive((packet) => {
          this.packets.put({ ...packet, message: packet.message.slice() });
        }, 1000);
      });
      return socket;
    };
    this.#sockets = { ipv4: open('ipv4'), ipv6: open('ipv6') };
  }

  /**
   * Everything the peer has received from this end so far. A mark is sent behind it: a message of
   * one byte, too short for an advertisement.
   */
  async heardBy(peer: Peer, family: Family = 'ipv4'): Promise<ReceivedPacket[]> {
    const mark = { source: OWN[family], destination: VRRP_GROUP[family] };
    this.#sockets[family].send([{ ...mark, message: Uint8Array.of(0) }]);
    const heard: ReceivedPacket[] = [];
    for (;;) {
      const packet = await peer.packets.take('the mark behind what was sent to the peer');
      if (packet.message.length === 1) return heard;
      heard.push(packet);
    }
  }

  close(): void {
    this.#sockets.ipv4.close();
    this.#sockets.ipv6.close();
  }
}

export interface AddressChange {
  readonly kind: 'address' | 'address-removed';
  /** `192.0.2.100/24`. */
  readonly text: string;
  readonly at: number;
}

/** What rtnetlink tells of the addresses on all interfaces of this namespace. */
export class AddressWatch {
  readonly changes = new Inbox<AddressChange>();
  readonly #watch;
  readonly #standing = new Set<string>();

  constructor(kernel: Kernel) {
    this.#watch = kernel.openNetworkWatch(() => {
      const at = kernel.now();
      this.#watch.receive((change) => {
        if (change.kind !== 'address' && change.kind !== 'address-removed') return;
        const { address: value, prefixLength } = change.address;
        const text = `${value}/${prefixLength}`;
        if (this.#isNews(change.kind, text)) this.changes.put({ kind: change.kind, text, at });
      });
    });
  }

  /** A renewal of a lifetime is told like an address that is new. */
  #isNews(kind: AddressChange['kind'], text: string): boolean {
    if (kind === 'address-removed') {
      this.#standing.delete(text);
      return true;
    }
    const known = this.#standing.has(text);
    this.#standing.add(text);
    return !known;
  }

  /** Whether the address stands on some interface, by what has been told so far. */
  has(text: string): boolean {
    return [...this.#watch.addresses()].some(
      ({ address: value, prefixLength }) => `${value}/${prefixLength}` === text,
    );
  }

  /** The next time the address appears or goes; changes before it are forgotten. */
  next(kind: AddressChange['kind'], text = VIRTUAL): Promise<AddressChange> {
    return this.changes.takeUntil(
      (change) => change.kind === kind && change.text === text,
      `the kernel's notice ${kind} of ${text}`,
    );
  }

  /** Until the address stands, or does not. What has been told before this is forgotten. */
  async stands(text = VIRTUAL, wanted = true): Promise<void> {
    const expected = `${text} to ${wanted ? 'stand' : 'be gone'}`;
    const has = (): boolean => this.has(text);
    const news = (): Promise<unknown> => this.changes.take(expected);
    await until(expected, has, (stands) => stands === wanted, news);
    this.changes.takeAll();
  }

  close(): void {
    this.#watch.close();
  }
}
