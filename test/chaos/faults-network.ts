// Faults of interfaces, cables, the switch and of addresses. The table of all is faults.ts.
import type { Traffic } from '../../scripts/lab/network.js';
import { lasting, nothing, oneOf, peerOf, type Drawn, type Fault } from './fault.js';

type Heal = () => Promise<unknown>;

const heal = async (_: unknown, __: unknown, ___: unknown, heals: readonly Heal[]): Promise<void> =>
  void (await Promise.all(heals.map((call) => call())));

export const interfaceRemade: Fault = {
  name: 'interface deleted and made again',
  draw: (chance) => ({ lastsMs: lasting(chance, 5, 4_000) }),
  do: (bench, victim) => bench.deleteInterface(victim),
  undo: (bench, victim) => bench.layInterface(victim),
};

/** The agent notices the loss when it is mended already. */
export const interfaceRemadeUnseen: Fault<Drawn, readonly number[]> = {
  name: 'interface made again while the agent stands still',
  ends: ['SIGKILL'],
  draw: (chance) => ({ lastsMs: lasting(chance, 100, 1_500) }),
  async do(bench, victim) {
    const pids = await bench.signal(victim, 'agent', 'SIGSTOP');
    await bench.deleteInterface(victim);
    return pids;
  },
  async undo(bench, victim, _, pids) {
    await bench.layInterface(victim);
    await bench.thaw(victim, pids);
  },
};

export const interfaceRenamed: Fault = {
  name: 'interface renamed and back',
  draw: (chance) => ({ lastsMs: lasting(chance, 5, 5_000) }),
  do: (bench, victim) => bench.renameInterface(victim, 'eth0', 'lan0'),
  undo: (bench, victim) => bench.renameInterface(victim, 'lan0', 'eth0'),
};

export const carrierLost: Fault = {
  name: 'carrier lost',
  draw: (chance) => ({ lastsMs: lasting(chance, 5, 5_000) }),
  do: (bench, victim) => bench.lab.unplug(victim),
  undo: (bench, victim) => bench.plug(victim),
};

interface OneWay extends Drawn {
  readonly traffic: Traffic;
  readonly from: 'victim' | 'peer';
}

/** Of the LAN; the other direction and the HA link work. */
export const oneWayLoss: Fault<OneWay, readonly Heal[]> = {
  name: 'one-way loss on the LAN',
  draw: (chance) => ({
    lastsMs: lasting(chance, 100, 8_000),
    traffic: oneOf(chance, 'all', 'vrrp'),
    from: oneOf(chance, 'victim', 'peer'),
  }),
  async do(bench, victim, { traffic, from }) {
    const peer = peerOf(victim);
    const [source, sink] = from === 'victim' ? [victim, peer] : [peer, victim];
    return [await bench.lab.drop({ traffic, from: source, to: sink })];
  },
  undo: heal,
};

interface Filtered extends Drawn {
  readonly whose: 'victim' | 'both';
}

export const multicastFiltered: Fault<Filtered, readonly Heal[]> = {
  name: 'multicast filtered',
  draw: (chance) => ({
    lastsMs: lasting(chance, 200, 10_000),
    whose: oneOf(chance, 'both', 'victim'),
  }),
  async do(bench, victim, { whose }) {
    const from = whose === 'victim' ? { from: victim } : {};
    return [await bench.lab.drop({ traffic: 'multicast', ...from })];
  },
  undo: heal,
};

/** As many switches do by default: IPv4's groups pass, IPv6's do not. */
export const multicast6Filtered: Fault<Filtered, readonly Heal[]> = {
  ...multicastFiltered,
  name: 'multicast of IPv6 filtered',
  fits: ({ families }) => families.includes('ipv6'),
  async do(bench, victim, { whose }) {
    const from = whose === 'victim' ? { from: victim } : {};
    return [await bench.lab.drop({ traffic: 'multicast6', ...from })];
  },
};

export const haLinkCut: Fault = {
  name: 'HA link cut',
  draw: (chance) => ({ lastsMs: lasting(chance, 50, 6_000) }),
  do: (bench) => bench.lab.setHaLink(false),
  undo: (bench) => bench.lab.setHaLink(true),
};

export const haPortFiltered: Fault<Drawn, readonly Heal[]> = {
  name: 'HA port filtered on all paths',
  draw: (chance) => ({ lastsMs: lasting(chance, 200, 8_000) }),
  do: async (bench, victim) => [await bench.lab.silence(victim, 'ha')],
  undo: heal,
};

interface Partition extends Drawn {
  /** `between`: the client still reaches both. `around`: nobody reaches the victim. */
  readonly where: 'between' | 'around';
}

/** Both hold then, and are to: docs/INVARIANTS.md. */
export const partition: Fault<Partition, readonly Heal[]> = {
  name: 'total partition',
  draw: (chance) => ({
    lastsMs: lasting(chance, 200, 8_000),
    where: oneOf(chance, 'between', 'around'),
  }),
  async do(bench, victim, { where }) {
    if (where === 'around') return [await bench.lab.silence(victim)];
    const peer = peerOf(victim);
    return Promise.all([
      bench.lab.drop({ traffic: 'all', from: victim, to: peer }),
      bench.lab.drop({ traffic: 'all', from: peer, to: victim }),
      bench.lab.setHaLink(false).then(() => () => bench.lab.setHaLink(true)),
    ]);
  },
  undo: heal,
};

interface TakenAway extends Drawn {
  readonly what: 'one' | 'all';
}

/** By somebody with `ip`; nobody puts them back but we. */
export const addressTakenAway: Fault<TakenAway> = {
  name: 'address taken away',
  on: 'holder',
  draw: (chance) => ({ lastsMs: lasting(chance, 20, 2_000), what: oneOf(chance, 'one', 'all') }),
  do: (bench, victim, { what }) => bench.takeAddressesAway(victim, what),
  undo: nothing,
};
