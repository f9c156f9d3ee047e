// Experiments with the settings of the mitigation pair's monitors: bandwidth, gateway, links.
import type { Status } from '../../src/model/status.js';
import { loseLinkNotices } from './lost-notices.js';
import {
  BANDWIDTH_MS,
  holder,
  nothing,
  ONE,
  pulled,
  TWO,
  VRRP_MS,
  withHealing,
} from './mitigation-acts.js';
import { onBoth, type Experiment } from './one-setting.js';
import { reread } from '../support/reread.js';
import type { Site } from './site.js';
import { now } from '../../scripts/lab/clock.js';

const bandwidthEnough = (value: string): Experiment['variants'][number] => ({
  setting: 'bandwidthMonitoring.minimumBps',
  changes: onBoth('minimumBps', '100000', value),
  outcome: TWO,
  because: 'soft-fault',
});

const hasInside = (status: Status | null): boolean =>
  status?.interfaces.find(({ name }) => name === 'eth1')?.carrier === true &&
  status.virtualRouters.every(({ state }) => state !== 'Initialize');

/** Bandwidth monitoring, and the gateway. */
export const TRAFFIC: readonly Experiment[] = [
  {
    done: 'traffic from the clients to node 1 stopped',
    ...withHealing((site) => site.lab.drop({ traffic: 'all', from: 'c', to: 'a' })),
    look: holder,
    page: { outcome: TWO, because: 'soft-fault' },
    variants: [
      {
        setting: 'bandwidthMonitoring.enabled',
        changes: onBoth('enabled', 'true', 'false'),
        outcome: ONE,
        stillAfterMs: BANDWIDTH_MS,
      },
      {
        setting: 'bandwidthMonitoring.seconds',
        changes: onBoth('seconds', '2', '600'),
        outcome: ONE,
        stillAfterMs: BANDWIDTH_MS,
      },
    ],
  },
  {
    done: 'nothing: traffic as ever',
    act: nothing,
    mend: nothing,
    look: holder,
    page: { outcome: ONE, stillAfterMs: BANDWIDTH_MS },
    variants: [
      bandwidthEnough('1000000000'),
      {
        setting: 'bandwidthMonitoring.interfaces',
        changes: onBoth('interfaces', '[eth0]', '[ha0]'),
        outcome: TWO,
        because: 'soft-fault',
      },
    ],
  },
  {
    done: 'gateway dead, seen from node 1',
    ...withHealing((site) => site.lab.drop({ traffic: 'gateway', from: 'a' })),
    look: holder,
    page: { outcome: TWO, because: 'soft-fault' },
    variants: [
      {
        setting: 'gatewayMonitoring.addresses',
        changes: onBoth('addresses', '[10.99.0.254]', '[]'),
        outcome: ONE,
        stillAfterMs: VRRP_MS,
      },
    ],
  },
];

/** The agent looks when it reads its settings, and again so much later, whatever the interval is. */
const OWN_LOOK_MS = 5_000;
/** When the agent of node 1 has read them. */
const lookedAt = new WeakMap<Site, number>();

/** Link monitoring. */
export const LINKS: readonly Experiment[] = [
  {
    done: 'cable of node 1 on line 2 pulled',
    ...pulled('eth2'),
    look: holder,
    page: { outcome: ONE, stillAfterMs: VRRP_MS },
    variants: [
      {
        setting: 'linkMonitoring.pairs',
        changes: onBoth('pairs', '[[eth0, eth1], [eth2, eth3]]', '[[eth2, eth3]]'),
        outcome: TWO,
        because: 'links-below-minimum',
      },
      {
        setting: 'linkMonitoring.minimumActive',
        changes: onBoth('minimumActive', '1', '2'),
        outcome: TWO,
        because: 'links-below-minimum',
      },
    ],
  },
  {
    // The kernel tells of a lost carrier at once: the interval is for the notice that is lost itself.
    done: "inside cable of node 1 pulled, the kernel's notice of it lost",
    act: async (site) => {
      // The notice that the cable of the experiment before is back must not be lost too: it may come a second late.
      await site.lab.waitFor(
        `${ONE} is in the election and sees the carrier of eth1`,
        () => hasInside(site.lab.appliance('a').status()),
        { deadlineMs: 60_000 },
      );
      await loseLinkNotices(site.lab.appliance('a').pid);
      lookedAt.set(site, now());
      await reread(site.lab.appliance('a').control);
      await site.lab.unplug('a', 'eth1');
    },
    conclusive: (site) => now() - (lookedAt.get(site) ?? 0) < OWN_LOOK_MS,
    mend: async (site) => {
      await site.lab.plug('a', 'eth1');
      await site.lab.appliance('a').stop();
      site.startAgent('a');
    },
    look: (_, a) =>
      a?.interfaces.find(({ name }) => name === 'eth1')?.carrier === false
        ? `${ONE} knows it, and is ${a.virtualRouters[1]?.state ?? ''}`
        : `${ONE} does not know it`,
    page: { outcome: `${ONE} knows it, and is Initialize` },
    variants: [
      {
        setting: 'linkMonitoring.intervalMs',
        changes: onBoth('intervalMs', '500', '60000'),
        outcome: `${ONE} does not know it`,
        stillAfterMs: 1_500,
      },
    ],
  },
];

/** Who answered after the cable was pulled. */
const answered = new WeakMap<Site, string>();

/** In active-active: whether the two ends of a line stay together, and whether its server can be reached. */
export const ENDS: readonly Experiment[] = [
  {
    done: 'inside cable of node 1 pulled',
    act: async (site) => {
      await site.lab.unplug('a', 'eth1');
      const inside = site.plan.addresses[1] ?? '';
      await site.waitFor('inside-1 has moved', () => site.lab.holding(inside).join() === 'b');
      answered.set(site, (await site.answerers()).join(' and '));
    },
    mend: (site) => site.lab.plug('a', 'eth1'),
    look: (site) => `${site.holders()}: answers of ${answered.get(site) ?? ''}`,
    page: { outcome: `${TWO}: answers of protected-1 and protected-2` },
    variants: [
      {
        setting: 'linkMonitoring.minimumActive',
        changes: onBoth('minimumActive', '2', '1'),
        outcome: `${ONE} / ${TWO} / ${TWO} / ${TWO}: answers of protected-2`,
        stillAfterMs: VRRP_MS,
      },
    ],
  },
];
