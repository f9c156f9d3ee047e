// Experiments with the settings that move the mitigation pair's relays: flaps, and the hardware bypass itself.
import { relay } from './mitigation-acts.js';
import { failover, heldBy } from './mitigation-plan.js';
import { onBoth, type Experiment } from './one-setting.js';
import { rest } from './client.js';
import type { Site } from './site.js';

/** The other flapWindowSeconds, and a little more. */
const FLAP_WINDOW_MS = 1_100;

/** The outside cable so many times, so far apart; each time but the last the role comes back. */
const flapping = (times: number, apartMs: number) => async (site: Site) => {
  for (let time = 1; time <= times; time += 1) {
    await site.lab.unplug('a');
    await heldBy(site, 'b');
    await site.lab.plug('a');
    if (time === times) return;
    await site.bothAble();
    await failover(site, 'b');
    await heldBy(site, 'a');
    await rest(apartMs);
  }
};

/** The relay inline, and monitors judged again. */
async function released(site: Site): Promise<void> {
  await site.waitFor('node 1 answers', (a) => a !== null);
  await site.lab.appliance('a').patientControl.command('bypass', 'release');
  await site.waitFor('node 1 inline, and its monitors judged', (a) => {
    const judged = a?.monitors.every(({ detail }) => !detail.includes('not judged while bypassed'));
    return a?.bypass.actual === 'inline' && judged === true;
  });
}

/** Maximum flaps. */
export const FLAPS: readonly Experiment[] = [
  {
    done: 'outside cable of node 1 pulled and plugged in, twice',
    act: flapping(2, 0),
    mend: released,
    look: relay,
    page: { outcome: 'relays: inline', stillAfterMs: 2_000 },
    variants: [
      {
        setting: 'ha.maximumFlaps',
        changes: onBoth('maximumFlaps', '3', '1'),
        outcome: 'relays: bypass',
      },
    ],
  },
  {
    done: 'the same, four times, a second apart',
    act: flapping(4, FLAP_WINDOW_MS),
    mend: released,
    look: relay,
    page: { outcome: 'relays: bypass' },
    variants: [
      {
        setting: 'ha.flapWindowSeconds',
        changes: onBoth('flapWindowSeconds', '900', '1'),
        outcome: 'relays: inline',
        stillAfterMs: 2_000,
      },
    ],
  },
];

/** The hardware bypass. */
export const BYPASS: readonly Experiment[] = [
  {
    done: 'agent of node 1 stopped',
    act: (site) => site.lab.appliance('a').stop(),
    mend: async (site) => {
      site.startAgent('a');
      await released(site);
    },
    look: relay,
    page: { outcome: 'relays: inline', stillAfterMs: 1_000 },
    variants: [
      {
        setting: 'bypass.onStop',
        changes: onBoth('onStop', 'keep', 'bypass'),
        outcome: 'relays: bypass',
      },
    ],
  },
  {
    done: 'understudy bypass engage on node 1',
    act: (site) => site.lab.appliance('a').patientControl.command('bypass', 'engage'),
    mend: released,
    look: relay,
    page: { outcome: 'relays: bypass' },
    variants: [
      {
        setting: 'bypass.segments',
        changes: onBoth('segments', '[line-1, line-2]', '[line-1]'),
        outcome: 'relays: bypass and inline',
      },
      {
        setting: 'bypass.hook',
        changes: onBoth(
          'hook',
          '/var/lib/understudy/fake/bypass',
          '/usr/lib/understudy/hooks/null',
        ),
        outcome: 'relays: inline',
        stillAfterMs: 2_000,
      },
    ],
  },
];
