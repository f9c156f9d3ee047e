// Every high availability setting of the mitigation pair's page, each shown to matter: roles and peers here,
// monitors and relays beside this. How a variant is tried: one-setting.ts.
import {
  holder,
  holderAndReason,
  nothing,
  ONE,
  pulled,
  TWO,
  VRRP_MS,
  withHealing,
} from './mitigation-acts.js';
import { ENDS, LINKS, TRAFFIC } from './mitigation-monitors.js';
import { ACTIVE_PASSIVE, failover, heldBy } from './mitigation-plan.js';
import { BYPASS, FLAPS } from './mitigation-relay.js';
import { onBoth, tryOut, type Experiment } from './one-setting.js';
import type { Chapter } from './chapter.js';
import type { Site, SitePlan } from './site.js';

/** HA MODE, PRIMARY INSTANCE, and when the primary takes the role back. */
const ROLES: readonly Experiment[] = [
  // The first: whoever was sent away by failover stands back, and would not preempt.
  {
    done: 'nothing',
    act: nothing,
    mend: nothing,
    look: holder,
    page: { outcome: ONE, stillAfterMs: 1_000 },
    variants: [
      {
        setting: 'ha.primary',
        changes: {
          a: { key: 'primary', value: 'true', other: 'false' },
          b: { key: 'primary', value: 'false', other: 'true' },
        },
        outcome: TWO,
      },
    ],
  },
  {
    done: 'outside cable of node 1 pulled',
    ...pulled('eth0'),
    look: holder,
    page: { outcome: TWO, because: 'no-carrier' },
    variants: [
      {
        setting: 'ha.mode',
        changes: onBoth('mode', 'active-passive', 'off'),
        outcome: 'nobody',
        stillAfterMs: VRRP_MS,
      },
    ],
  },
  {
    done: 'outside cable of node 1 pulled, and plugged in',
    act: async (site) => {
      await site.lab.unplug('a');
      await heldBy(site, 'b');
      await site.lab.plug('a');
    },
    mend: nothing,
    look: holder,
    page: { outcome: ONE },
    variants: [
      {
        setting: 'ha.preempt',
        changes: onBoth('preempt', 'true', 'false'),
        outcome: TWO,
        stillAfterMs: VRRP_MS,
      },
      {
        setting: 'ha.preemptDelaySeconds',
        changes: onBoth('preemptDelaySeconds', '2', '600'),
        outcome: TWO,
        stillAfterMs: VRRP_MS,
      },
    ],
  },
];

/** What `failover` on node 1 came to: it needs a peer that is healthy. */
const answers = new WeakMap<Site, string>();

async function askForFailover(site: Site): Promise<void> {
  const words = await failover(site, 'a').then(
    ({ ok }) => (ok ? 'failover done' : 'failover refused'),
    () => 'failover refused',
  );
  answers.set(site, words);
}

const holderAndAnswer = (site: Site): string => `${site.holders()}, ${answers.get(site) ?? ''}`;

/** So many peer checks, 100 ms apart: messages of one appliance, which asks on three paths, and answers. */
const rounds = (count: number): number => 3 * count;

/** HA PORT and the peer checks. */
const PEERS: readonly Experiment[] = [
  {
    done: 'a second later, failover on node 1',
    act: async (site) => {
      await site.words.hear('a', rounds(10));
      await askForFailover(site);
    },
    mend: nothing,
    look: holderAndAnswer,
    page: { outcome: `${TWO}, failover done` },
    variants: [
      {
        setting: 'ha.port',
        changes: { b: { key: 'port', value: '7112', other: '7113' } },
        outcome: `${ONE}, failover refused`,
        stillAfterMs: 1_000,
      },
    ],
  },
  {
    done: 'agent of node 2 restarted; 4 s later, failover on node 1',
    act: async (site) => {
      await site.lab.appliance('b').stop();
      site.startAgent('b');
      await site.waitFor('node 2 answers', (_, b) => b !== null);
      await site.words.hear('b', rounds(40));
      await askForFailover(site);
    },
    mend: nothing,
    look: holderAndAnswer,
    page: { outcome: `${TWO}, failover done` },
    variants: [
      {
        setting: 'ha.peerRecoveryThreshold',
        changes: onBoth('peerRecoveryThreshold', '5', '255'),
        outcome: `${ONE}, failover refused`,
        stillAfterMs: 1_000,
      },
    ],
  },
  {
    done: 'host of node 1 dead',
    ...withHealing(async (site) => {
      const restore = await site.powerCut('a');
      return async () => {
        await restore();
        site.startAgent('a');
      };
    }),
    look: holderAndReason,
    page: { outcome: `${TWO}: peer-dead` },
    variants: [
      {
        setting: 'ha.peerCheckIntervalMs',
        changes: onBoth('peerCheckIntervalMs', '100', '5000'),
        outcome: `${TWO}: no-response`,
      },
      {
        setting: 'ha.peerFailureThreshold',
        changes: onBoth('peerFailureThreshold', '3', '255'),
        outcome: `${TWO}: no-response`,
      },
    ],
  },
];

/** Of all targets together: here nobody counts what is lost. */
const REQUESTS_PER_SECOND = 100;

const TRIED: SitePlan = { ...ACTIVE_PASSIVE, requestsPerSecond: REQUESTS_PER_SECOND };

const trying =
  (experiments: readonly Experiment[]) =>
  (site: Site): Promise<void> =>
    tryOut(site, experiments, (row) => site.settings.push(row));

/** In active-active: what keeps the two ends of a line together. */
export const endsOfALine = trying(ENDS);

const tried = (parts: Readonly<Record<string, readonly Experiment[]>>): Chapter => ({
  title: 'Each setting matters',
  plan: () => TRIED,
  parts: Object.fromEntries(
    Object.entries(parts).map(([name, experiments]) => [name, trying(experiments)]),
  ),
});

/** For a pair each, the longest first. */
export const eachSettingMatters: readonly Chapter[] = [
  tried({ 'try-peers': PEERS, 'try-bypass': BYPASS }),
  tried({ 'try-roles': ROLES, 'try-links': LINKS }),
  tried({ 'try-flaps': FLAPS }),
  tried({ 'try-traffic': TRAFFIC }),
];
