// Random settings and events for an instance, as data that shrinks. No checks, no clock.
import * as fc from 'fast-check';
import { agreementOf } from '../../src/core/agreement.js';
import type { InstanceConfiguration, InstanceEvent } from '../../src/core/interface.js';
import type { RouterConfiguration } from '../../src/core/machine/router.js';
import type { IpAddress } from '../../src/model/address.js';
import type { PeerReport } from '../../src/model/peer-report.js';
import { centiseconds, instant, microseconds } from '../../src/model/units.js';
import { OWN, PEER, check, configuration, hard, router } from './instance-bench.js';
import { HA, HA_ONLY, THERE, THIRD } from './pair-bench.js';
import { address } from './machine/virtual-router-bench.js';

const NAMES = ['lan', 'wan', 'dmz'] as const;
/** Never configured: whoever speaks of it is late. */
export const UNKNOWN = 'gone';

const LISTS = [['192.0.2.1/24'], ['192.0.2.1/24', '192.0.2.2/24'], ['192.0.2.2/24']] as const;

const priority = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(50, 100, 150, 200) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 255 }) },
);
const interval = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(10, 100) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 4095 }) },
);

const routerNamed = (name: string): fc.Arbitrary<RouterConfiguration> =>
  fc
    .record({
      priority,
      preempt: fc.boolean(),
      advertisementInterval: interval.map(centiseconds),
      checksum: fc.constantFrom('auto', 'rfc9568', 'rfc5798'),
      vrid: fc.constantFrom(51, 52),
      interface: fc.constantFrom('eth0', 'eth1'),
      addresses: fc.constantFrom(...LISTS),
    })
    .map((settings) => router({ name, ...settings }));

/** One to three virtual routers, in any order, in any mode, with none, one or two peers. */
export const configurations: fc.Arbitrary<InstanceConfiguration> = fc
  .record({
    mode: fc.constantFrom('active-passive', 'active-passive', 'active-active', 'off'),
    primary: fc.boolean(),
    names: fc.shuffledSubarray([...NAMES], { minLength: 1 }),
    routers: fc.tuple(routerNamed('lan'), routerNamed('wan'), routerNamed('dmz')),
    peers: fc.constantFrom([], [THERE], [HA_ONLY], [THERE, THIRD]),
    // With slow checks and one answer to recover, a story as short as these has healthy peers.
    checkInterval: fc.constantFrom(2_000_000, 5_000_000, 5_000_000),
    maximumFlaps: fc.constantFrom(0, 2),
    hasBypass: fc.boolean(),
    preemptDelay: fc.constantFrom(0, 2_000_000),
  })
  .map(
    ({
      mode,
      primary,
      names,
      routers,
      peers,
      checkInterval,
      maximumFlaps,
      hasBypass,
      preemptDelay,
    }) =>
      configuration(
        names.flatMap((name) => routers.filter((one) => one.name === name)),
        {
          mode,
          primary,
          peers,
          peerCheck: {
            interval: microseconds(checkInterval),
            failureThreshold: 3,
            recoveryThreshold: checkInterval > 2_000_000 ? 1 : 3,
          },
          flaps: { maximum: maximumFlaps, window: microseconds(60_000_000) },
          hasBypass,
          preemptDelay: microseconds(preemptDelay),
        },
      ),
  );

const virtualRouter = fc.constantFrom(...NAMES);
const own = fc.constantFrom<IpAddress | null>(OWN, OWN, address('192.0.2.77'), null);
const source = fc.constantFrom(PEER, address('192.0.2.3'));

const advertisement: fc.Arbitrary<InstanceEvent> = fc
  .record({
    virtualRouter,
    priority: fc.oneof(priority, fc.constantFrom(0, 0, 255)),
    interval,
    source,
    dialect: fc.constantFrom('rfc9568', 'rfc5798'),
    multicast: fc.boolean(),
  })
  .map(({ virtualRouter: name, priority: heard, interval: learned, source: from, ...how }) => ({
    kind: 'advertisement',
    virtualRouter: name,
    advertisement: {
      vrid: 51,
      priority: heard,
      maxAdvertiseInterval: centiseconds(learned),
      addresses: [address('192.0.2.1')],
    },
    source: from,
    ...how,
  }));

const monitorState = fc.constantFrom('ok', 'ok', 'failed', 'unknown');
const monitor: fc.Arbitrary<InstanceEvent> = fc.oneof(
  fc
    .tuple(fc.constantFrom('eth0', 'eth1', undefined), monitorState)
    .map(([on, state]) => hard('no-carrier', on, state)),
  fc
    .tuple(
      fc.constantFrom('upcheck', 'disk'),
      fc.constantFrom<number | 'soft'>(-150, 0, 20, 'soft'),
      monitorState,
    )
    .map(([name, weight, state]) => check(name, weight, state)),
);

const addressNews: fc.Arbitrary<InstanceEvent> = fc
  .tuple(
    fc.constantFrom('addresses-present', 'addresses-removed', 'addresses-failed'),
    virtualRouter,
  )
  .map(([kind, name]) => ({ kind, virtualRouter: name, detail: 'EINVAL' }));

/** Stands for the digest of whatever virtual routers the receiver has: see `aimed`. */
const SAME = 0;

const peerRouter = fc.record(
  {
    state: fc.constantFrom('Initialize', 'Backup', 'Backup', 'Active', 'Active'),
    effectivePriority: fc.constantFrom(50, 100, 150, 200),
    addressesPresent: fc.boolean(),
    wantsUnicast: fc.boolean(),
    releasing: fc.constantFrom(false, false, true),
    evidence: fc.constantFrom(0, 4, 8),
  },
  { noNullPrototype: true },
);

const cause = fc.record(
  {
    reason: fc.constantFrom('failover', 'maintenance', 'soft-fault', 'address-failed', 'later'),
    detail: fc.constantFrom('', 'gateway'),
    forced: fc.boolean(),
    doubtful: fc.boolean(),
  },
  { noNullPrototype: true },
);

const report: fc.Arbitrary<PeerReport> = fc.record(
  {
    name: fc.constant('there'),
    mode: fc.constantFrom('active-passive', 'active-active', 'off'),
    primary: fc.boolean(),
    fit: fc.constantFrom(true, true, false),
    sound: fc.constantFrom(true, true, false),
    gateway: fc.constantFrom('reachable', 'unreachable', 'unknown'),
    bandwidthLow: fc.boolean(),
    standsBack: fc.constantFrom(false, false, true),
    gatewayWish: fc.boolean(),
    cause,
    digests: fc.constantFrom(SAME, SAME, SAME, 1).map((virtualRouters) => ({
      virtualRouters,
      addresses: 2,
      intervals: 3,
      thresholds: 4,
      primaries: null,
      rules: null,
    })),
    primaryAddresses: fc.subarray([PEER, address('192.0.2.3'), address('fe80::3')]),
    routers: fc.array(peerRouter, { minLength: 1, maxLength: 3 }),
  },
  { noNullPrototype: true },
);

/** In a row: it takes several to be relied on. */
const peerReports: fc.Arbitrary<InstanceEvent> = fc
  .record({
    peer: fc.constantFrom('there', 'there', 'third', UNKNOWN),
    address: fc.constantFrom(HA, HA, PEER),
    report,
    answered: fc.constantFrom(true, true, false),
  })
  .map((message) => ({ kind: 'peer-report', ...message }));

const pathInterface: fc.Arbitrary<InstanceEvent> = fc
  .tuple(fc.constantFrom('there', UNKNOWN), fc.constantFrom('eth0', 'eth1', null))
  .map(([peer, on]) => ({ kind: 'path-interface', peer, address: PEER, interface: on }));

/** What an earlier agent left; told after the start it changes nothing. */
const remember: fc.Arbitrary<InstanceEvent> = fc
  .record({ maintenance: fc.boolean(), crashed: fc.boolean() })
  .map(({ maintenance, crashed }) => ({
    kind: 'remember',
    memory: {
      maintenance,
      bypassEngaged: false,
      flaps: { flaps: [instant(-1_000_000)], latched: false },
      standBack: null,
    },
    crashed,
  }));

const orders: fc.Arbitrary<InstanceEvent> = fc.oneof(
  fc
    .constantFrom(
      'failover' as const,
      'failover' as const,
      'maintenance-on' as const,
      'maintenance-off' as const,
      'maintenance-off' as const,
      'flaps-clear' as const,
      'bypass-engage' as const,
      'bypass-release' as const,
      'bypass-release' as const,
    )
    .chain((command) =>
      fc.boolean().map((force) => ({ kind: 'operator', command, force, by: 'root' }) as const),
    ),
  fc
    .constantFrom('inline' as const, 'inline' as const, 'bypass' as const, 'unknown' as const)
    .map((actual) => ({ kind: 'bypass-state', actual }) as const),
  fc.constant({ kind: 'stalled' } as const),
  fc.constant({ kind: 'revoked' } as const),
  remember,
);

/**
 * The event as this receiver gets it: a peer with the same virtual routers has the same digest, and
 * speaks on one of its paths.
 */
export function aimed(event: InstanceEvent, receiver: InstanceConfiguration): InstanceEvent {
  if (event.kind !== 'peer-report') return event;
  const paths = receiver.peers.find(({ name }) => name === event.peer)?.addresses ?? [HA];
  const path = paths.includes(event.address) ? event.address : (paths[0] ?? HA);
  if (event.report.digests.virtualRouters !== SAME) return { ...event, address: path };
  const { virtualRouters } = agreementOf(receiver).digests;
  const digests = { ...event.report.digests, virtualRouters };
  return { ...event, address: path, report: { ...event.report, digests } };
}

/** What may happen to an instance besides the passing of time. */
export const events: fc.Arbitrary<InstanceEvent> = fc.oneof(
  { weight: 8, arbitrary: peerReports },
  { weight: 1, arbitrary: pathInterface },
  { weight: 2, arbitrary: orders },
  { weight: 6, arbitrary: advertisement },
  { weight: 4, arbitrary: addressNews },
  { weight: 2, arbitrary: monitor },
  {
    weight: 2,
    arbitrary: fc
      .tuple(virtualRouter, own)
      .map(
        ([name, at]) => ({ kind: 'primary-address', virtualRouter: name, address: at }) as const,
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(virtualRouter, fc.constantFrom(true, true, true, false))
      .map(([name, open]) => ({ kind: 'socket', virtualRouter: name, open }) as const),
  },
  {
    weight: 1,
    arbitrary: configurations.map(
      (wanted) => ({ kind: 'configure', configuration: wanted }) as const,
    ),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'deadline' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'start' } as const) },
);

/** Events about a virtual router that is not configured. */
export const strayEvents: fc.Arbitrary<InstanceEvent> = fc
  .oneof(advertisement, addressNews)
  .map((event) => ({ ...event, virtualRouter: UNKNOWN }) as InstanceEvent);

/** How much time passes before the next event, in microseconds; often none, sometimes backwards. */
export const pauses: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 0, 1, 200, 4_000, 9_999, 500_000, 3_000_000, 61_000_000),
  fc.integer({ min: -5_000, max: 5_000_000 }),
);

export interface Happening {
  readonly event: InstanceEvent;
  readonly pause: number;
}

/** A life: often there was one before it. */
export const happenings: fc.Arbitrary<readonly Happening[]> = fc
  .tuple(
    fc.array(fc.record({ event: remember, pause: fc.constant(0) }), { maxLength: 1 }),
    fc.array(fc.record({ event: events, pause: pauses }), { maxLength: 60 }),
  )
  .map(([left, story]) => [...left, ...story]);
