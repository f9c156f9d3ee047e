// Two appliances and the network between them, for tests of the HA port: real sockets on loopback
// addresses, and a relay per path that records, drops, holds and repeats. No tests in here.
import { createSocket, type Socket } from 'node:dgram';
import {
  HaPortError,
  openHaPort,
  type HaPeerAddress,
  type HaPort,
  type PeerArrival,
} from '../../src/peer-channel/ha-port.js';
import { haKey } from '../../src/peer-channel/ha-key.js';
import type { IpAddress } from '../../src/model/address.js';
import type { PeerReport } from '../../src/model/peer-report.js';
import { instant } from '../../src/model/units.js';
import type { PeerDiscardReason } from '../../src/wire/peer-message.js';
import { eventOf, until } from '../support/limits.js';
import { address } from '../support/address.js';

export { address };

export const KEY = Buffer.alloc(32, 7);

export const reportOf = (name: string, change: Partial<PeerReport> = {}): PeerReport => ({
  name,
  mode: 'active-passive',
  primary: false,
  fit: true,
  sound: true,
  gateway: 'unknown',
  bandwidthLow: false,
  digests: {
    virtualRouters: 1,
    addresses: 2,
    intervals: 3,
    thresholds: 4,
    primaries: 5,
    rules: 6,
  },
  primaryAddresses: [address('10.99.0.1')],
  routers: [
    {
      state: 'Backup',
      effectivePriority: 100,
      addressesPresent: false,
      wantsUnicast: false,
      releasing: false,
      evidence: 7,
    },
  ],
  ...change,
});

const isIpv6 = (where: string): boolean => where.includes(':');

export async function bindSocket(where: string, port: number): Promise<Socket> {
  const socket = createSocket({
    type: isIpv6(where) ? 'udp6' : 'udp4',
    ipv6Only: isIpv6(where),
  });
  socket.bind(port, where);
  await eventOf(socket, 'listening');
  return socket;
}

/** A port that is free on every address now. */
export async function freePort(): Promise<number> {
  const [six, four] = [await bindSocket('::', 0), createSocket('udp4')];
  const { port } = six.address();
  try {
    four.bind(port, '0.0.0.0');
    await eventOf(four, 'listening');
    return port;
  } catch {
    return await freePort();
  } finally {
    six.close();
    four.close();
  }
}

/** Things that happen, in order, and a way to wait for one. */
export class Happenings<Thing> {
  readonly all: Thing[] = [];

  add(thing: Thing): void {
    this.all.push(thing);
  }

  /** Resolves when `enough` holds of all that has happened. */
  async until(enough: (all: readonly Thing[]) => boolean): Promise<readonly Thing[]> {
    return until(`happenings for which ${String(enough)}`, () => this.all, enough, 1);
  }

  /** Waits until there are `count` matching ones from `start` on, and returns those. */
  async matching(
    matches: (thing: Thing) => boolean,
    count = 1,
    start = 0,
  ): Promise<readonly Thing[]> {
    const found = (): Thing[] => this.all.slice(start).filter(matches);
    await this.until(() => found().length >= count);
    return found();
  }
}

export interface Received extends PeerArrival {
  readonly peer: string;
  readonly path: IpAddress;
  readonly report: PeerReport;
}

export interface Discarded {
  readonly reason: PeerDiscardReason;
  readonly source: string;
  readonly detail: string;
}

/** One appliance: its HA port, a clock that only the test moves, and what it was told. */
export class Appliance {
  readonly name: string;
  readonly port: number;
  readonly clock: { microseconds: number } = { microseconds: 1_000_000 };
  readonly reports = new Happenings<Received>();
  readonly discards = new Happenings<Discarded>();
  #ha: HaPort | null = null;

  constructor(name: string, port: number) {
    this.name = name;
    this.port = port;
  }

  get ha(): HaPort {
    if (this.#ha === null) throw new Error(`${this.name} is not started`);
    return this.#ha;
  }

  async start(
    peers: readonly HaPeerAddress[],
    keys: readonly Uint8Array[] = [KEY],
    ownReport: PeerReport | null = reportOf(this.name),
  ): Promise<void> {
    this.#ha = await openHaPort({
      port: this.port,
      keys: keys.map(haKey),
      self: this.name,
      peers,
      sourceFor: () => null,
      now: () => instant(this.clock.microseconds),
      onReport: (peer, path, report, arrival) =>
        this.reports.add({ peer, path, report, ...arrival }),
      onDiscard: (reason, source, detail) => this.discards.add({ reason, source, detail }),
    });
    if (ownReport !== null) this.#ha.setReport(ownReport);
  }

  async stop(): Promise<void> {
    await this.#ha?.close();
    this.#ha = null;
  }

  /** Waits for a success of the check on each path given. */
  async answers(paths: readonly IpAddress[], start: number): Promise<void> {
    await this.reports.until((all) =>
      paths.every((path) =>
        all.slice(start).some((each) => each.path === path && each.rttMs !== null),
      ),
    );
  }
}

/** A datagram on its way: from `a` to `b` or back, on the path of that index. */
export interface Packet {
  readonly to: 'a' | 'b';
  readonly path: number;
  readonly bytes: Buffer;
}

/**
 * The network between `a` and `b`. At each address of `b` there is a socket that `a` sends to, and
 * the other way round; what arrives there leaves from the socket at the sender's address.
 */
export class Network {
  readonly recorded = new Happenings<Packet>();
  /** Whether a packet goes on; the test replaces it. */
  passes: (packet: Packet) => boolean = () => true;
  readonly #sockets: { readonly atA: Socket; readonly atB: Socket }[] = [];
  readonly #ports: { readonly a: number; readonly b: number };
  /** Where `a` believes the peer's port to be, and `b` likewise. */
  readonly entrance: { readonly forA: number; readonly forB: number };

  private constructor(
    ports: { readonly a: number; readonly b: number },
    entrance: { readonly forA: number; readonly forB: number },
  ) {
    this.#ports = ports;
    this.entrance = entrance;
  }

  static async open(
    ports: { readonly a: number; readonly b: number },
    paths: readonly (readonly [atA: string, atB: string])[],
  ): Promise<Network> {
    const entrance = { forA: await freePort(), forB: await freePort() };
    const network = new Network(ports, entrance);
    for (const [path, [a, b]] of paths.entries()) {
      const atA = await bindSocket(a, entrance.forB);
      const atB = await bindSocket(b, entrance.forA);
      atA.on('message', (bytes) => network.#arrived({ to: 'a', path, bytes }));
      atB.on('message', (bytes) => network.#arrived({ to: 'b', path, bytes }));
      network.#sockets.push({ atA, atB });
    }
    return network;
  }

  /** Sends bytes of any kind on a path, as if the other side had. */
  inject(packet: Packet): void {
    const sockets = this.#sockets[packet.path];
    if (sockets === undefined) throw new Error(`no path ${packet.path}`);
    const from = packet.to === 'b' ? sockets.atA : sockets.atB;
    const loopback = isIpv6(from.address().address) ? '::1' : '127.0.0.1';
    from.send(packet.bytes, packet.to === 'b' ? this.#ports.b : this.#ports.a, loopback);
  }

  close(): void {
    for (const { atA, atB } of this.#sockets) {
      atA.close();
      atB.close();
    }
  }

  #arrived(packet: Packet): void {
    const passes = this.passes(packet);
    this.recorded.add(packet);
    if (passes) this.inject(packet);
  }
}

export const PATHS_AT_A = ['127.10.1.1', '127.10.1.2', '::1'].map(address);
export const PATHS_AT_B = ['127.10.2.1', '127.10.2.2', '::1'].map(address);

/** Two appliances `a` and `b`, joined by as many paths as asked for, at most three. */
export class Pair {
  readonly a: Appliance;
  readonly b: Appliance;
  readonly network: Network;
  readonly #pathCount: number;

  private constructor(a: Appliance, b: Appliance, network: Network, pathCount: number) {
    this.a = a;
    this.b = b;
    this.network = network;
    this.#pathCount = pathCount;
  }

  static async open(pathCount = 2): Promise<Pair> {
    const [a, b] = [new Appliance('a', await freePort()), new Appliance('b', await freePort())];
    const ends = PATHS_AT_A.slice(0, pathCount).map(
      (atA, index) => [atA, PATHS_AT_B[index] ?? ''] as const,
    );
    const network = await Network.open({ a: a.port, b: b.port }, ends);
    const pair = new Pair(a, b, network, pathCount);
    try {
      await pair.startA();
      await pair.startB();
    } catch (error) {
      await pair.close();
      // Somebody else took a port that was free a moment ago.
      if (error instanceof HaPortError && error.code === 'EADDRINUSE') return Pair.open(pathCount);
      throw error;
    }
    return pair;
  }

  get pathsAtA(): readonly IpAddress[] {
    return PATHS_AT_A.slice(0, this.#pathCount);
  }

  get pathsAtB(): readonly IpAddress[] {
    return PATHS_AT_B.slice(0, this.#pathCount);
  }

  async startA(keys?: readonly Uint8Array[]): Promise<void> {
    const port = this.network.entrance.forA;
    await this.a.start([{ name: 'b', addresses: this.pathsAtB, port }], keys);
  }

  async startB(keys?: readonly Uint8Array[], report?: PeerReport | null): Promise<void> {
    const port = this.network.entrance.forB;
    await this.b.start([{ name: 'a', addresses: this.pathsAtA, port }], keys, report);
  }

  /** One check by `a`, answered on all paths. */
  async checkA(): Promise<void> {
    const start = this.a.reports.all.length;
    this.a.ha.check('b');
    await this.a.answers(this.pathsAtB, start);
  }

  async checkB(): Promise<void> {
    const start = this.b.reports.all.length;
    this.b.ha.check('a');
    await this.b.answers(this.pathsAtA, start);
  }

  /** Brings both in touch: a check each way, so that each knows the other's nonce. */
  async meet(): Promise<void> {
    await this.checkA();
    await this.checkB();
  }

  async close(): Promise<void> {
    await this.a.stop();
    await this.b.stop();
    this.network.close();
  }
}
