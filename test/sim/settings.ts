// How the appliances of one scenario are set up, drawn by fast-check, and the configuration that the
// core is given. Nothing happens here: deeds.ts.
import * as fc from 'fast-check';
import type { InstanceConfiguration } from '../../src/core/interface.js';
import type { RouterConfiguration } from '../../src/core/machine/router.js';
import { centiseconds, microseconds } from '../../src/model/units.js';
import { configuration, router, wan } from '../core/instance-bench.js';
import type { Quality } from './network.js';
import type { WitnessSetting } from './witness.js';
import { haAddress, lanAddress, lanAddress6 } from './world.js';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;

/** Which ways the HA port has. */
export type Paths = 'ha and lan' | 'ha' | 'lan' | 'none';

export interface Setting {
  readonly appliances: 2 | 3 | 4 | 5 | 6 | 7 | 8;
  /** `lan6` is a second virtual router on the same link, with addresses in the opposite order. */
  readonly routers: 'lan' | 'lan wan' | 'lan lan6';
  readonly mode: 'active-passive' | 'active-active';
  /** `default`: 200 for the primary, 100 for all others; `ranked`: one after the other. */
  readonly priorities: 'default' | 'ranked';
  /** Centiseconds. */
  readonly interval: number;
  /** Milliseconds. */
  readonly checkInterval: number;
  /** What the second appliance has by mistake: a fifth of the interval, twice the check interval. */
  readonly mismatch: 'none' | 'interval' | 'check interval';
  readonly paths: Paths;
  readonly preempt: boolean;
  readonly preemptDelay: number;
  readonly maximumFlaps: number;
  readonly relay: 'works' | 'missing';
  /** Whether monitors say at the beginning that all is well. */
  readonly monitored: boolean;
  readonly quality: Quality;
  readonly seed: number;
  /** Absent: there is none. */
  readonly witness?: WitnessSetting;
  /** Whether every virtual router has a virtual MAC address; absent: none has. */
  readonly virtualMac?: boolean;
  /** Whether the first appliance owns the addresses (priority 255), whatever else is set; absent: nobody does. */
  readonly owner?: boolean;
  /** Whether the second one sends checksums of RFC 5798; absent: nobody does. */
  readonly oldChecksum?: boolean;
  /** Whether the HA port's path on the LAN is of IPv6; absent: of IPv4. */
  readonly ipv6Path?: boolean;
  /** Timers of appliances wake late by up to so many microseconds; absent: never. */
  readonly late?: number;
  /** For so many microseconds a flap counts; absent: longer than any scenario. */
  readonly flapWindow?: number;
  /** Whether agents are not woken by messages of peers that only confirm what is known; absent: by each. */
  readonly counts?: boolean;
  /** Whether a pause is the agent's alone, so that its executor hears a successor; absent: it is the whole machine's. */
  readonly leased?: boolean;
}

/** What an operator changes while it runs. */
export interface Live {
  readonly mode: InstanceConfiguration['mode'];
  readonly primary: boolean;
  /**
   * Of the settings that all share: 0 as drawn, 1 with one address more, 2 with half the interval besides, 3 as drawn
   * without the second virtual router.
   */
  readonly version: 0 | 1 | 2 | 3;
}

export const THRESHOLDS = { failureThreshold: 3, recoveryThreshold: 5 } as const;

/** Whole milliseconds, 10 at least. */
const checkInterval = (interval: number, share: number): number =>
  Math.max(10, Math.round(interval * 10 * share));

export const settings = (quality: fc.Arbitrary<Quality>): fc.Arbitrary<Setting> =>
  fc
    .record({
      appliances: fc.constantFrom(2, 2, 2, 2, 2, 2, 3, 3, 3, 4),
      routers: fc.constantFrom('lan', 'lan', 'lan wan', 'lan lan6'),
      mode: fc.constantFrom('active-passive', 'active-passive', 'active-active'),
      priorities: fc.constantFrom('default', 'default', 'ranked'),
      interval: fc.constantFrom(100, 100, 10, 2),
      share: fc.constantFrom(0.3, 0.3, 1, 1, 0.1),
      mismatch: fc.constantFrom('none', 'none', 'none', 'none', 'interval', 'check interval'),
      paths: fc.constantFrom('ha and lan', 'ha and lan', 'ha and lan', 'ha', 'lan', 'none'),
      preempt: fc.constantFrom(true, true, true, false),
      preemptDelay: fc.constantFrom(0, 0, 2_000_000),
      maximumFlaps: fc.constantFrom(0, 1, 1, 3),
      relay: fc.constantFrom('works', 'missing'),
      monitored: fc.boolean(),
      quality,
      seed: fc.integer({ min: 0, max: 0xffffffff }),
    })
    .map(({ share, ...rest }) => {
      const check = checkInterval(rest.interval, share);
      // A network slower than the timers cannot be served with them.
      const jitter = Math.min(rest.quality.jitter, rest.interval * 2_000, check * 400);
      return { ...rest, checkInterval: check, quality: { ...rest.quality, jitter } };
    });

const RANKED = [200, 150, 100, 50];

function priorityOf(setting: Setting, mode: Live['mode'], index: number, order: number) {
  const { priorities, owner } = setting;
  if (owner === true && index === 0) return 255;
  if (priorities === 'default') return order === 0 ? 200 : 100;
  // In active-active the first two differ; the others only help out.
  const rank = mode === 'active-active' && index < 2 ? order : index;
  return RANKED[rank] ?? 50;
}

function routersOf(setting: Setting, index: number, { mode, primary, version }: Live) {
  const common = {
    advertisementInterval: intervalOf(setting, index, version),
    preempt: setting.preempt,
    checksum:
      setting.oldChecksum === true && index === 1 ? ('rfc5798' as const) : ('auto' as const),
  };
  // In active-active the first virtual router belongs to a, the second one to b.
  const first = mode === 'active-active' ? index !== 0 : !primary;
  const second = mode === 'active-active' ? index !== 1 : !primary;
  const lan = router({
    ...common,
    priority: priorityOf(setting, mode, index, Number(first)),
    ...(version === 1 || version === 2 ? { addresses: MORE_ADDRESSES } : {}),
  });
  if (version === 3) return [lan];
  const priority = priorityOf(setting, mode, index, Number(second));
  const others: Record<string, RouterConfiguration[]> = {
    'lan wan': [wan({ ...common, priority })],
    'lan lan6': [
      router({
        ...common,
        name: 'lan6',
        family: 'ipv6',
        priority,
        addresses: ['fe80::64/64', '2001:db8::64/64'],
      }),
    ],
  };
  return [lan, ...(others[setting.routers] ?? [])];
}

const MORE_ADDRESSES = ['192.0.2.1/24', '192.0.2.2/24'];

function intervalOf({ interval, mismatch }: Setting, index: number, version: Live['version']) {
  const own = mismatch === 'interval' && index === 1 ? Math.max(2, interval / 5) : interval;
  return centiseconds(version === 2 ? Math.max(1, Math.floor(own / 2)) : own);
}

/** Before anybody changes anything. */
export const asDrawn = ({ mode }: Setting, index: number): Live => ({
  mode,
  primary: index === 0,
  version: 0,
});

/** What the operator of the appliance has set. */
export function configurationOf(
  setting: Setting,
  index: number,
  live: Live = asDrawn(setting, index),
): InstanceConfiguration {
  const { appliances, mismatch, paths, maximumFlaps } = setting;
  const onLan = setting.ipv6Path === true ? lanAddress6 : lanAddress;
  const checks = setting.checkInterval * (mismatch === 'check interval' && index === 1 ? 2 : 1);
  const peers = NAMES.slice(0, appliances).flatMap((name, other) =>
    other === index
      ? []
      : [
          {
            name,
            addresses: [
              ...(paths.startsWith('ha') ? [haAddress(other)] : []),
              ...(paths.endsWith('lan') ? [onLan(other)] : []),
            ],
          },
        ],
  );
  const { mode, primary } = live;
  return configuration(routersOf(setting, index, live), {
    mode,
    primary,
    name: NAMES[index] ?? '',
    peers: paths === 'none' ? [] : peers,
    peerCheck: { interval: microseconds(checks * 1_000), ...THRESHOLDS },
    flaps: { maximum: maximumFlaps, window: microseconds(setting.flapWindow ?? 900_000_000) },
    preemptDelay: microseconds(setting.preemptDelay),
    ...(setting.witness === undefined ? {} : { witness: witnessOf(setting.witness) }),
  });
}

const witnessOf = ({ ttl, margin }: WitnessSetting) => ({
  ttl: microseconds(ttl),
  margin: microseconds(margin),
});

/** What this setting is called in the counts. */
export const kindsOf = (setting: Setting): string[] => [
  `${setting.appliances} appliances`,
  `virtual routers ${setting.routers}`,
  `mode ${setting.mode}`,
  `priorities ${setting.priorities}`,
  `advertisements every ${setting.interval * 10} ms`,
  setting.checkInterval < setting.interval * 10 ? 'checks in between' : 'checks as seldom',
  `mismatch ${setting.mismatch}`,
  `HA port on ${setting.paths}`,
  `preempt ${setting.preempt}`,
  `preempt delay ${setting.preemptDelay / 1_000_000} s`,
  `maximum flaps ${setting.maximumFlaps}`,
  `relay ${setting.relay}`,
  ...(setting.virtualMac === true ? ['virtual MAC'] : []),
  ...(setting.owner === true ? ['address owner'] : []),
  ...(setting.oldChecksum === true ? ['old checksum'] : []),
  ...(setting.ipv6Path === true && setting.paths.endsWith('lan') ? ['IPv6 path'] : []),
  ...((setting.late ?? 0) > 0 ? ['late timers'] : []),
  ...(setting.flapWindow === undefined ? [] : ['short flap window']),
  ...(setting.counts === true ? ['confirmations counted'] : []),
  ...(setting.leased === true ? ['lease'] : []),
];
