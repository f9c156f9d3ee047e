// Random settings and events for an instance, as data that shrinks. No checks, no clock.
import * as fc from 'fast-check';
import type { InstanceConfiguration, InstanceEvent } from '../../src/core/interface.js';
import type { RouterConfiguration } from '../../src/core/router.js';
import type { IpAddress } from '../../src/model/address.js';
import { centiseconds } from '../../src/model/units.js';
import { OWN, PEER, check, configuration, hard, router } from './instance-bench.js';
import { address } from './virtual-router-bench.js';

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

/** One to three virtual routers, in any order, in either mode. */
export const configurations: fc.Arbitrary<InstanceConfiguration> = fc
  .record({
    mode: fc.constantFrom('active-passive', 'active-passive', 'active-passive', 'off'),
    names: fc.shuffledSubarray([...NAMES], { minLength: 1 }),
    routers: fc.tuple(routerNamed('lan'), routerNamed('wan'), routerNamed('dmz')),
  })
  .map(({ mode, names, routers }) =>
    configuration(
      names.flatMap((name) => routers.filter((one) => one.name === name)),
      { mode },
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
      fc.constantFrom<number | 'soft'>(-150, 20, 'soft'),
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

/** What may happen to an instance besides the passing of time. */
export const events: fc.Arbitrary<InstanceEvent> = fc.oneof(
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

export const happenings: fc.Arbitrary<readonly Happening[]> = fc.array(
  fc.record({ event: events, pause: pauses }),
  { maxLength: 60 },
);
