// One instance on the bench: its configuration, its clock and its events in the test's hand; effects
// written as short lines, so that a test compares them in exact order at a glance. No assertions.
import { Instance } from '../../src/core/instance.js';
import type {
  Deadline,
  InstanceConfiguration,
  InstanceEffect,
  InstanceEvent,
  OperatorCommand,
} from '../../src/core/interface.js';
import type { RouterConfiguration } from '../../src/core/machine/router.js';
import type { RouterSnapshot } from '../../src/core/router-snapshot.js';
import { skewTime } from '../../src/core/machine/timing.js';
import { parseAddressWithPrefix, type IpAddress } from '../../src/model/address.js';
import type { ChecksumDialect } from '../../src/model/advertisement.js';
import type { HardMonitorStatus, WeightedMonitorStatus } from '../../src/model/monitor.js';
import type { PeerReport } from '../../src/model/peer-report.js';
import { assert } from '../../src/model/assert.js';
import { centiseconds, instant, microseconds } from '../../src/model/units.js';
import { DEADLINES_PER_RUN, address } from './machine/virtual-router-bench.js';

export const OWN = address('192.0.2.100');
export const PEER = address('192.0.2.200');

type Overrides = Partial<Omit<InstanceConfiguration, 'virtualRouters'>>;

type RouterOverrides = Partial<Omit<RouterConfiguration, 'addresses'>> & {
  readonly addresses?: readonly string[];
};

/** A virtual router named `lan`: VRID 51 on eth0, 192.0.2.1, 100 cs, priority 100, unless said. */
export function router({ addresses = ['192.0.2.1/24'], ...rest }: RouterOverrides = {}) {
  const configuration: RouterConfiguration = {
    name: 'lan',
    interface: 'eth0',
    vrid: 51,
    family: 'ipv4',
    addresses: addresses.map(virtualAddress),
    advertisementInterval: centiseconds(100),
    priority: 100,
    preempt: true,
    checksum: 'auto',
    ...rest,
  };
  return configuration;
}

function virtualAddress(text: string) {
  const value = parseAddressWithPrefix(text);
  if (value === null) throw new RangeError(`address/prefix expected, ${text} found`);
  return value;
}

/** A second virtual router, `wan`, on another interface. */
export const wan = (overrides: RouterOverrides = {}): RouterConfiguration =>
  router({
    name: 'wan',
    interface: 'eth1',
    vrid: 52,
    addresses: ['198.51.100.1/24'],
    ...overrides,
  });

/** Alone, active-passive, 100 ms × 3 and 5, three flaps in 15 minutes, unless said. */
export const configuration = (
  virtualRouters: readonly RouterConfiguration[],
  overrides: Overrides = {},
): InstanceConfiguration => ({
  name: 'here',
  mode: 'active-passive',
  primary: false,
  peers: [],
  peerCheck: {
    interval: microseconds(100_000),
    failureThreshold: 3,
    recoveryThreshold: 5,
  },
  flaps: { maximum: 3, window: microseconds(900_000_000) },
  hasBypass: true,
  preemptDelay: microseconds(0),
  ...overrides,
  virtualRouters,
});

export interface HeardHere {
  readonly priority: number;
  readonly interval?: number;
  readonly source?: IpAddress;
  readonly addresses?: readonly string[];
  readonly dialect?: ChecksumDialect;
  readonly multicast?: boolean;
}

/** Before everything; not zero, so that a forgotten `now` shows. */
const BORN = -60_000_000;

/** Times are microseconds; a case begins at 0. */
export class InstanceBench {
  readonly instance: Instance;

  constructor(routers: readonly RouterConfiguration[], overrides: Overrides = {}) {
    this.instance = new Instance(configuration(routers, overrides), instant(BORN));
  }

  take(event: InstanceEvent, at: number): string[] {
    return this.instance.handle(event, instant(at)).map(line);
  }

  /** Everything is known to be well, and the instance takes part. */
  start(at = 0): string[] {
    const facts = this.routers().flatMap(({ configuration: { name } }) => this.ready(name, at));
    return [...facts, ...this.take({ kind: 'start' }, at)];
  }

  /** The socket of a virtual router is open, its interface has an address. */
  ready(virtualRouter: string, at: number): string[] {
    return [
      ...this.take({ kind: 'primary-address', virtualRouter, address: OWN }, at),
      ...this.take({ kind: 'socket', virtualRouter, open: true }, at),
    ];
  }

  hear(virtualRouter: string, heard: HeardHere, at: number): string[] {
    const known = this.router(virtualRouter).configuration;
    return this.take(
      {
        kind: 'advertisement',
        virtualRouter,
        advertisement: {
          vrid: known.vrid,
          priority: heard.priority,
          maxAdvertiseInterval: centiseconds(heard.interval ?? known.advertisementInterval),
          addresses:
            heard.addresses?.map((text) => address(text)) ??
            known.addresses.map((value) => value.address),
        },
        source: heard.source ?? PEER,
        dialect: heard.dialect ?? 'rfc9568',
        multicast: heard.multicast ?? true,
      },
      at,
    );
  }

  configure(
    routers: readonly RouterConfiguration[],
    at: number,
    overrides: Overrides = {},
  ): string[] {
    const wanted = configuration(routers, overrides);
    return this.take({ kind: 'configure', configuration: wanted }, at);
  }

  get deadline(): Deadline | null {
    return this.instance.nextDeadline();
  }

  /** Fires every deadline up to and including `at`; the effects, each with its instant. */
  run(at: number): string[] {
    const lines: string[] = [];
    let fired = 0;
    for (let next = this.deadline; next !== null && next.at <= at; next = this.deadline) {
      const when = next.at;
      fired += 1;
      assert(fired < DEADLINES_PER_RUN, `progress at ${when}`);
      lines.push(...this.take({ kind: 'deadline' }, when).map((text) => `${when} ${text}`));
    }
    return lines;
  }

  routers(at = 0): readonly RouterSnapshot[] {
    return this.instance.snapshot(instant(at)).virtualRouters;
  }

  router(name: string, at = 0): RouterSnapshot {
    const found = this.routers(at).find((snapshot) => snapshot.configuration.name === name);
    if (found === undefined) throw new RangeError(`a virtual router expected, ${name} found none`);
    return found;
  }

  states(): string[] {
    return this.routers().map(({ configuration: { name }, state }) => `${name} ${state}`);
  }
}

const byPriority = (a: RouterConfiguration, b: RouterConfiguration): number =>
  a.priority - b.priority;

/** An instance whose virtual routers can all take part, not started yet. */
export function readyInstance(settings: InstanceConfiguration): Instance {
  const instance = new Instance(settings, instant(0));
  for (const { name: virtualRouter } of settings.virtualRouters) {
    instance.handle({ kind: 'primary-address', virtualRouter, address: OWN }, instant(0));
    instance.handle({ kind: 'socket', virtualRouter, open: true }, instant(0));
  }
  return instance;
}

/** The same, started. */
export function startedInstance(settings: InstanceConfiguration): Instance {
  const instance = readyInstance(settings);
  instance.handle({ kind: 'start' }, instant(0));
  return instance;
}

/** An instance whose routers are all Active since 0, addresses in place; the clock stands at 0. */
export function activeInstance(routers: readonly RouterConfiguration[]): InstanceBench {
  const bench = new InstanceBench(routers);
  bench.start(-2_000_000);
  for (const { name, priority, advertisementInterval } of routers.toSorted(byPriority)) {
    bench.hear(name, { priority: 0 }, 0 - skewTime(priority, advertisementInterval));
  }
  bench.run(0);
  for (const { name } of routers) {
    bench.take({ kind: 'addresses-present', virtualRouter: name }, 0);
  }
  return bench;
}

export function hard(
  fault: HardMonitorStatus['fault'],
  on?: string,
  state: HardMonitorStatus['state'] = 'failed',
): InstanceEvent {
  const where = on === undefined ? {} : { interface: on };
  const name = `link ${on ?? 'pairs'}`;
  return { kind: 'monitor', status: { name, state, detail: '', weight: 'hard', fault, ...where } };
}

export const check = (
  name: string,
  weight: WeightedMonitorStatus['weight'],
  state: WeightedMonitorStatus['state'] = 'failed',
): InstanceEvent => ({ kind: 'monitor', status: { name, state, detail: '', weight } });

/** An operator's order, by nobody who is known. */
export const operator = (command: OperatorCommand) => ({ kind: 'operator', command }) as const;
export const forced = (command: OperatorCommand) =>
  ({ ...operator(command), force: true }) as const;
export const byRoot = (command: OperatorCommand, force = false) =>
  ({ ...operator(command), force, by: 'root' }) as const;

/** The virtual router an effect is about; undefined when it is about the instance. */
export const routerOf = (effect: InstanceEffect): string | undefined =>
  'virtualRouter' in effect ? effect.virtualRouter : undefined;

/** One effect as a line: `lan advertise 100`, `lan add`, `lan Backup -> Active no-response`. */
export function line(effect: InstanceEffect): string {
  const name = routerOf(effect) ?? 'instance';
  switch (effect.kind) {
    case 'send-advertisement':
      return [
        `${name} advertise ${effect.priority}`,
        ...effect.alsoTo.map((to) => `and to ${to}`),
      ].join(' ');
    case 'set-addresses':
      return `${name} ${effect.present ? 'add' : 'remove'}`;
    case 'announce':
      return `${name} announce`;
    case 'transition':
      return `${name} ${effect.from} -> ${effect.to} ${effect.reason}`;
    case 'check-peer':
      return `check ${effect.peer}`;
    case 'ask-gateway':
      return 'ask the gateway';
    case 'peer-news':
      return `tell ${newsLine(effect.report)}`;
    case 'witness':
      return `witness ${effect.order}`;
    case 'hold-until':
      return `hold until ${effect.until ?? 'ever'}`;
    case 'set-bypass':
      return `bypass ${effect.desired} ${effect.reason}`;
    case 'report':
      return `${name} report ${effect.report}: ${effect.detail}`;
  }
}

/** `sound: Active 200 present, Backup 100` */
function newsLine({
  fit,
  sound,
  routers,
  standsBack = false,
  gatewayWish = false,
}: PeerReport): string {
  const standing = routers.map((one) => {
    const flags = [
      one.addressesPresent ? ' present' : '',
      one.releasing ? ' releasing' : '',
      one.wantsUnicast ? ' wants-unicast' : '',
    ];
    return `${one.state} ${one.effectivePriority}${flags.join('')}`;
  });
  const fitness = fit ? 'fit' : 'unfit';
  const back = standsBack ? ' stands-back' : '';
  const wish = gatewayWish ? ' gateway-wish' : '';
  return `${sound ? 'sound' : fitness}: ${standing.join(', ')}${back}${wish}`;
}
