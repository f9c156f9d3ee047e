// An instance with peers on the bench. The peers answer every check by themselves, on the paths that
// are up, with what the test has them say; scripts that put addresses in place succeed. No assertions.
import { agreementOf } from '../../src/core/agreement.js';
import type { InstanceEffect, InstanceEvent } from '../../src/core/interface.js';
import type { Peer, PeerConfiguration } from '../../src/core/peers/peers.js';
import type { RouterConfiguration } from '../../src/core/machine/router.js';
import { activeDownInterval } from '../../src/core/machine/timing.js';
import type { IpAddress } from '../../src/model/address.js';
import { assert } from '../../src/model/assert.js';
import type { WeightedMonitorStatus } from '../../src/model/monitor.js';
import type { PeerCause, PeerReport, PeerRouter } from '../../src/model/peer-report.js';
import { centisecondsToMicroseconds, instant } from '../../src/model/units.js';
import { InstanceBench, PEER, configuration, line, router } from './instance-bench.js';
import { DEADLINES_PER_RUN, address } from './machine/virtual-router-bench.js';

/** The peer's address on the HA link; PEER is the one on the LAN. */
export const HA = address('10.98.0.2');
export const THERE: PeerConfiguration = { name: 'there', addresses: [HA, PEER] };
/** The same one, known on the HA link only. */
export const HA_ONLY: PeerConfiguration = { name: 'there', addresses: [HA] };

/** A third appliance, on the same links. */
export const HA_THIRD = address('10.98.0.3');
export const LAN_THIRD = address('192.0.2.201');
export const THIRD: PeerConfiguration = { name: 'third', addresses: [HA_THIRD, LAN_THIRD] };

export const SECOND = 1_000_000;
/** Skew_Time and Active_Down_Interval at priority 100 and 100 cs. */
export const SKEW = 609_375;
export const ACTIVE_DOWN = 3_609_375;
/** Three check intervals of 100 ms: how long a successor is waited for. */
export const HANDOVER = 300_000;
/** From the last message of a peer to its being unhealthy: three intervals and the tolerance. */
export const SILENCE = 340_000;

/** The transitions among the effects. */
export const moves = (lines: readonly string[]): string[] =>
  lines.filter((text) => text.includes(' -> '));

/** So long before a silence is proven a Backup asks on the link: the tolerance of one check. */
export const TOLERANCE = 40_000;

/** From a request to its answer. */
export const ROUND_TRIP = 200;
/** The netlink script takes this long. */
export const SCRIPT_TIME = 4_000;

type Overrides = ConstructorParameters<typeof InstanceBench>[1];

/** What a peer says from now on; the fields of a virtual router go for all of them, or for `of`. */
export type Saying = Partial<Omit<PeerReport, 'routers'> & PeerRouter> & { readonly of?: string };

/** It is taking the role; it has it. */
export const TAKING: Saying = { state: 'Active' };
export const TAKEN: Saying = { state: 'Active', addressesPresent: true };

/** What a peer gives as its cause; a soft fault of its gateway unless said. */
export const cause = (given: Partial<PeerCause> = {}): PeerCause => ({
  reason: 'soft-fault',
  detail: 'gateway',
  forced: false,
  doubtful: false,
  ...given,
});

/** A peer as the test has it. */
class Voice {
  readonly configuration: PeerConfiguration;
  readonly places: ReadonlyMap<string, number>;
  report: PeerReport;
  /** The paths that are up. */
  readonly up: Set<IpAddress>;
  /** It sends the advertisements of an Active, by multicast, every interval. */
  advertises = false;

  constructor(peer: PeerConfiguration, routers: readonly RouterConfiguration[], config: Overrides) {
    const { digests, places } = agreementOf(configuration(routers, config));
    this.configuration = peer;
    this.places = new Map([...places].map(([name, { position }]) => [name, position]));
    this.up = new Set(peer.addresses);
    const inOrder = routers.toSorted((a, b) => this.placeOf(a.name) - this.placeOf(b.name));
    this.report = {
      name: peer.name,
      mode: 'active-passive',
      primary: config?.primary !== true,
      fit: true,
      sound: true,
      gateway: 'unknown',
      bandwidthLow: false,
      standsBack: false,
      digests,
      primaryAddresses: peer.addresses.slice(-1),
      routers: inOrder.map(({ priority }) => ({
        state: 'Backup',
        effectivePriority: priority,
        addressesPresent: false,
        wantsUnicast: false,
        releasing: false,
        evidence: 4,
      })),
    };
  }

  placeOf(name: string): number {
    return this.places.get(name) ?? 0;
  }

  of(name: string): PeerRouter | null {
    return this.report.routers[this.placeOf(name)] ?? null;
  }

  change(saying: Saying): void {
    const { of, ...rest } = saying;
    const { report } = this;
    const routers = report.routers.map((known, place) => {
      const concerned = of === undefined || this.placeOf(of) === place;
      return concerned ? pick(known, rest) : known;
    });
    const { cause: why, witness } = rest;
    const told = { ...(why && { cause: why }), ...(witness && { witness }) };
    this.report = { ...pick(report, rest), ...told, routers };
  }
}

/** The known fields, with those of `changes` that are among them. */
const pick = <Fields extends object>(known: Fields, changes: object): Fields => ({
  ...known,
  ...Object.fromEntries(Object.entries(changes).filter(([name]) => name in known)),
});

interface Due {
  readonly at: number;
  readonly deliver: () => string[];
}

export interface How {
  readonly peer?: string;
  /** The path; all that are up unless given. */
  readonly on?: IpAddress;
  readonly answered?: boolean;
}

/** Times are microseconds; requests themselves are not among the effects it returns. */
export class PairBench extends InstanceBench {
  /** Whether scripts that add addresses report success after SCRIPT_TIME. */
  scripts = true;
  #due: Due[] = [];
  readonly #voices: ReadonlyMap<string, Voice>;
  readonly #wanted = new Map<string, boolean>();

  constructor(
    routers: readonly RouterConfiguration[],
    overrides: Overrides = {},
    peers: readonly PeerConfiguration[] = [THERE],
  ) {
    const all = { peers, ...overrides };
    super(routers, all);
    this.#voices = new Map(peers.map((peer) => [peer.name, new Voice(peer, routers, all)]));
  }

  override take(event: InstanceEvent, at: number): string[] {
    const effects = this.instance.handle(event, instant(at));
    for (const effect of effects) this.#carryOut(effect, at);
    return effects.filter(({ kind }) => kind !== 'check-peer').map(line);
  }

  voice(peer = 'there'): Voice {
    const voice = this.#voices.get(peer);
    assert(voice !== undefined, `a peer named ${peer}`);
    return voice;
  }

  /** The paths of each peer that lead over a virtual router's interface, then everything `start` does. */
  override start(at = 0): string[] {
    for (const { configuration: peer } of this.#voices.values()) {
      const lan = peer.addresses.at(-1);
      if (lan === undefined || lan.startsWith('10.98.')) continue;
      this.take({ kind: 'path-interface', peer: peer.name, address: lan, interface: 'eth0' }, at);
    }
    return super.start(at);
  }

  /** The peer says so from now on; without `at` only when it is asked next. */
  says(saying: Saying, at: number | null, { peer, on, answered = false }: How = {}): string[] {
    const voice = this.voice(peer);
    voice.change(saying);
    if (at === null) return [];
    const { configuration: known, report, up } = voice;
    const paths = on === undefined ? known.addresses.filter((one) => up.has(one)) : [on];
    return paths.flatMap((path) =>
      this.take({ kind: 'peer-report', peer: known.name, address: path, report, answered }, at),
    );
  }

  /** Nothing passes on these paths of the peer any more; on none at all unless given. */
  cut(paths?: readonly IpAddress[], peer?: string): void {
    const { up } = this.voice(peer);
    for (const path of paths ?? [...up]) up.delete(path);
  }

  /** They are up again. */
  mend(paths?: readonly IpAddress[], peer?: string): void {
    const { up, configuration: known } = this.voice(peer);
    for (const path of paths ?? known.addresses) up.add(path);
  }

  /** The peer's advertisements go out from `at` on, every interval; they stop with `false`. */
  advertise(from: number | false, peer?: string): void {
    const voice = this.voice(peer);
    voice.advertises = from !== false;
    if (from !== false) this.#advertiseAt(from, voice);
  }

  /** Lets the time pass, up to and including `until`: packets first, then the clock. */
  pass(until: number): string[] {
    const lines: string[] = [];
    for (let steps = 0; ; steps += 1) {
      assert(steps < DEADLINES_PER_RUN, `progress before ${until}`);
      const at = Math.min(...this.#due.map((due) => due.at), this.deadline?.at ?? Infinity);
      if (at > until) return lines;
      const arrived = this.#due.find((due) => due.at === at);
      if (arrived !== undefined) this.#due = this.#due.filter((due) => due !== arrived);
      const effects = arrived?.deliver() ?? this.take({ kind: 'deadline' }, at);
      lines.push(...effects.map((text) => `${at} ${text}`));
    }
  }

  peer(name = 'there'): Peer {
    const found = this.instance
      .snapshot(instant(0))
      .peers.find(({ configuration: known }) => known.name === name);
    assert(found !== undefined, `a peer named ${name}`);
    return found;
  }

  /** When the last message of a peer came, on any path. */
  lastHeardAt(peer?: string): number {
    return Math.max(...this.peer(peer).paths.map(({ heardAt }) => heardAt ?? -Infinity));
  }

  #carryOut(effect: InstanceEffect, at: number): void {
    if (effect.kind === 'check-peer') this.#answer(effect.peer, at);
    if (effect.kind === 'send-advertisement' && effect.priority === 0) this.#answerOnLink(at);
    if (effect.kind !== 'set-addresses') return;
    const { virtualRouter, present } = effect;
    this.#wanted.set(virtualRouter, present);
    if (!present || !this.scripts) return;
    this.#later(at + SCRIPT_TIME, (now) =>
      this.#wanted.get(virtualRouter) === true
        ? this.take({ kind: 'addresses-present', virtualRouter }, now)
        : [],
    );
  }

  #answer(peer: string, at: number): void {
    const voice = this.#voices.get(peer);
    if (voice === undefined) return;
    for (const path of voice.up) {
      this.#later(at + ROUND_TRIP, (now) =>
        voice.up.has(path) ? this.says({}, now, { peer, on: path, answered: true }) : [],
      );
    }
  }

  /** Whoever is Active, and whose advertisements arrive, answers priority 0 at once. */
  #answerOnLink(at: number): void {
    for (const voice of this.#voices.values()) {
      if (voice.advertises) this.#later(at + ROUND_TRIP, (now) => this.#advertisement(voice, now));
    }
  }

  #advertisement(voice: Voice, now: number): string[] {
    return this.routers().flatMap(({ configuration: { name } }) => {
      const known = voice.of(name);
      if (known?.state !== 'Active') return [];
      const source = voice.report.primaryAddresses[0] ?? PEER;
      return this.hear(name, { priority: known.effectivePriority, source }, now);
    });
  }

  #advertiseAt(at: number, voice: Voice): void {
    const [first] = this.routers();
    if (first === undefined) return;
    const interval = centisecondsToMicroseconds(first.configuration.advertisementInterval);
    this.#later(at, (now) => {
      if (!voice.advertises) return [];
      this.#advertiseAt(now + interval, voice);
      return this.#advertisement(voice, now);
    });
  }

  #later(at: number, deliver: (now: number) => string[]): void {
    this.#due.push({ at, deliver: () => deliver(at) });
  }
}

export interface Begin {
  readonly routers?: readonly RouterConfiguration[];
  readonly overrides?: Overrides;
  readonly peers?: readonly PeerConfiguration[];
}

/**
 * We are Backup, with priority 100 unless said; `there` is Active with 200, everything works and is
 * known. It advertises every second, last at 0, where the clock stands.
 */
export function backupBench({ routers = [router()], overrides, peers }: Begin = {}): PairBench {
  const bench = new PairBench(routers, overrides, peers);
  bench.says({ state: 'Active', effectivePriority: 200, addressesPresent: true }, null);
  bench.start(-3_000_000);
  bench.advertise(-3_000_000);
  bench.pass(0);
  return bench;
}

/**
 * We are Active since -10 s, with priority 200 unless said; everybody else is Backup with 100,
 * everything works and is known. The last advertisement went out at 0, where the clock stands.
 */
export function activeBench({
  routers = [router({ priority: 200 })],
  overrides,
  peers,
}: Begin = {}): PairBench {
  const bench = new PairBench(routers, overrides, peers);
  for (const { name } of peers ?? [THERE]) {
    bench.says({ effectivePriority: 100 }, null, { peer: name });
  }
  const longest = Math.max(
    ...routers.map((one) => activeDownInterval(one.priority, one.advertisementInterval)),
  );
  bench.start(-10_000_000 - longest);
  bench.pass(0);
  return bench;
}

/** `there` is Active with 200, `third` a Backup with the priority given, we with 100. */
export function betweenThree(priority: number): PairBench {
  const bench = backupBench({ peers: [THERE, THIRD] });
  bench.says({ effectivePriority: priority }, null, { peer: 'third' });
  bench.pass(100_000);
  return bench;
}

/** The last that the peers were told. */
export const told = (bench: PairBench): PeerReport | null => bench.instance.checkpoint().told;

/** A monitor of the gateway, as a soft fault. */
export const gateway = (
  state: WeightedMonitorStatus['state'],
  doubtful = false,
): InstanceEvent => ({
  kind: 'monitor',
  status: {
    name: 'gateway',
    state,
    detail: '',
    weight: 'soft',
    ...(doubtful ? { doubtful } : {}),
  },
});
