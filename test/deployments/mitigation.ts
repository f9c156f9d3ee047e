// A mitigation pair that routes between outside and inside: which parts fail, in which order, and what that
// may cost; active-passive and active-active. Whether each setting matters: mitigation-settings.ts.
import type { ApplianceName } from '../../scripts/lab/network.js';
import { agentDead, checked, handedOver, planned, silence, told, unnoticed } from './bounds.js';
import type { Chapter } from './chapter.js';
import { ACTIVE_ACTIVE, ACTIVE_PASSIVE, relays } from './mitigation-plan.js';
import { eachSettingMatters, endsOfALine } from './mitigation-settings.js';
import { reread } from '../support/reread.js';
import type { Site } from './site.js';

export const mitigation: readonly Chapter[] = [
  {
    title: 'Active-passive',
    plan: () => ACTIVE_PASSIVE,
    parts: { work, cables, hosts, traffic, flaps },
  },
  {
    title: 'Active-active',
    plan: () => ACTIVE_ACTIVE,
    parts: { 'shared-work': shareWork, 'shared-faults': shareFaults, ends: endsOfALine },
  },
  ...eachSettingMatters,
];

/** What an operator does. */
async function work(site: Site): Promise<void> {
  const [a, b] = [site.lab.appliance('a'), site.lab.appliance('b')];
  await site.observe(planned('failover by command', 'b'), () =>
    a.patientControl.command('failover'),
  );
  await site.observe(planned('failover back', 'a'), () => b.patientControl.command('failover'));
  await site.observe(planned('maintenance of the primary', 'b'), () =>
    a.patientControl.command('maintenance', 'on'),
  );
  await site.observe(planned('its end: preemption', 'a'), () =>
    a.patientControl.command('maintenance', 'off'),
  );
  await site.settled(['a', 'a']);
  await site.observe(planned('agent of the primary stopped', 'b'), () => a.stop());
  await site.observe(planned('and started', 'a'), async () => site.startAgent('a'));
  await site.settled(['a', 'a']);
  await site.observe(planned('settings changed on both: understudy set', 'a'), async () => {
    for (const name of ['a', 'b'] as const) {
      await site.understudy(name, 'set', 'minimum-bandwidth', '90000');
      await site.understudy(name, 'set', 'peer-check-interval', '80');
    }
  });
  await site.observe(planned('and back: the files of the page, reloaded', 'a'), async () => {
    site.install('a', 'mitigation-1.yaml', 'etc/understudy.yaml');
    site.install('b', 'mitigation-2.yaml', 'etc/understudy.yaml');
    await reread(a.control);
    await reread(b.control);
  });
}

async function cables(site: Site): Promise<void> {
  const { lab } = site;
  const pull = (devices: readonly string[]) => async (): Promise<void> => {
    for (const device of devices) await lab.unplug('a', device);
  };
  const plug = (devices: readonly string[]) => async (): Promise<void> => {
    for (const device of devices) await lab.plug('a', device);
  };
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['outside cable of the primary pulled', ['eth0']],
    ['inside cable of the primary pulled', ['eth1']],
    ['both its lines pulled', ['eth2', 'eth3', 'eth0', 'eth1']],
  ];
  for (const [part, devices] of parts) {
    await site.observe(told(part, 'b', 'no-carrier', 'links-below-minimum'), pull(devices));
    await site.observe(planned('and plugged in', 'a'), plug(devices));
    await site.settled(['a', 'a']);
  }
  await site.observe(unnoticed('its second line pulled: 1 of 2 pairs is left'), pull(['eth2']));
  await site.observe(planned('and plugged in', 'a'), plug(['eth2']));
  await site.observe(unnoticed('HA link cut'), () => lab.setHaLink(false));
  await site.observe(unnoticed('and whole again'), () => lab.setHaLink(true));
  await site.settled(['a', 'a']);
}

async function hosts(site: Site): Promise<void> {
  const a = site.lab.appliance('a');
  await site.observe(agentDead('agent of the primary killed', 'b'), () => a.kill());
  await site.observe(planned('and started', 'a'), async () => site.startAgent('a'));
  await site.settled(['a', 'a']);
  let restore = (): Promise<void> => Promise.resolve();
  await site.observe(silence('host of the primary dead', 'b'), async () => {
    restore = await site.powerCut('a');
  });
  await site.observe(planned('and booted', 'a'), async () => {
    await restore();
    site.startAgent('a');
  });
  await site.settled(['a', 'a']);
}

/** What is seen from one side only: nothing is broken at the appliance itself. */
async function traffic(site: Site): Promise<void> {
  const { lab } = site;
  let heal = (): Promise<void> => Promise.resolve();
  await site.observe(
    handedOver('gateway dead, seen from the primary', 'b', 'gateway'),
    async () => {
      heal = await lab.drop({ traffic: 'gateway', from: 'a' });
    },
  );
  await site.observe(planned('and back', 'a'), () => heal());
  await site.settled(['a', 'a']);
  // Readings come every 600 ms: a window of 2 s reaches back to the one before it, and ends with the next.
  const starved = 'traffic to the primary below the minimum';
  await site.observe(checked(3_200, starved, 'b', 'soft-fault'), async () => {
    heal = await lab.drop({ traffic: 'all', from: 'c', to: 'a' });
  });
  // The primary sees no traffic while it stands by, so it cannot know that it would come again.
  await site.observe(unnoticed('and back: the role stays', 'b'), () => heal());
  // So it is in doubt, and the order insists.
  await site.observe(planned('failover back', 'a'), () =>
    lab.appliance('b').patientControl.command('failover', undefined, true),
  );
  await site.settled(['a', 'a']);
}

/** The primary loses the role again and again, and nobody clears its flaps. */
async function flaps(site: Site): Promise<void> {
  const { lab } = site;
  const [a, b] = [lab.appliance('a'), lab.appliance('b')];
  for (const time of ['first', 'second', 'third']) {
    await site.observe(told(`cable of the primary pulled, ${time} time`, 'b', 'no-carrier'), () =>
      lab.unplug('a'),
    );
    await site.observe(planned('plugged in, and failover back', 'a'), async () => {
      await lab.plug('a');
      await site.bothAble();
      await b.patientControl.command('failover');
    });
  }
  const relay = (state: string) => (): Promise<void> =>
    site.waitFor(`relays in ${state}`, (first) => {
      return first?.bypass.actual === state && relays(site, 'a') === state;
    });
  await site.observe(told('fourth time: more than the maximum', 'b', 'no-carrier'), () =>
    lab.unplug('a'),
  );
  await site.observe(unnoticed('plugged in: in hardware bypass', 'b'), async () => {
    await lab.plug('a');
    await relay('bypass')();
  });
  await site.observe(planned('understudy bypass release', 'a'), async () => {
    await a.patientControl.command('bypass', 'release');
    await relay('inline')();
  });
  await site.settled(['a', 'a']);
}

const SHARES: readonly ApplianceName[] = ['a', 'a', 'b', 'b'];
const ALL_ON = (name: ApplianceName): readonly ApplianceName[] => SHARES.map(() => name);

async function shareWork(site: Site): Promise<void> {
  const a = site.lab.appliance('a');
  await site.observe(planned('maintenance of node 1', ALL_ON('b')), () =>
    a.patientControl.command('maintenance', 'on'),
  );
  await site.observe(planned('its end: the shares are back', SHARES), () =>
    a.patientControl.command('maintenance', 'off'),
  );
  await site.settled(SHARES);
  await site.observe(planned('agent of node 1 stopped', ALL_ON('b')), () => a.stop());
  await site.observe(planned('and started', SHARES), async () => site.startAgent('a'));
  await site.settled(SHARES);
}

async function shareFaults(site: Site): Promise<void> {
  const { lab } = site;
  const b = lab.appliance('b');
  const parts: readonly (readonly [string, ApplianceName, string])[] = [
    ['outside cable of node 1 pulled', 'a', 'eth0'],
    ['inside cable of node 1 pulled', 'a', 'eth1'],
    ['cable of node 1 on line 2 pulled', 'a', 'eth3'],
    ['inside cable of node 2 pulled', 'b', 'eth3'],
  ];
  for (const [part, name, device] of parts) {
    const heir = ALL_ON(name === 'a' ? 'b' : 'a');
    await site.observe(told(part, heir, 'no-carrier', 'links-below-minimum'), () =>
      lab.unplug(name, device),
    );
    await site.observe(planned('and plugged in', SHARES), () => lab.plug(name, device));
    await site.settled(SHARES);
  }
  await site.observe(unnoticed('HA link cut', SHARES), () => lab.setHaLink(false));
  await site.observe(unnoticed('and whole again', SHARES), () => lab.setHaLink(true));
  await site.settled(SHARES);
  await site.observe(agentDead('agent of node 2 killed', ALL_ON('a')), () => b.kill());
  await site.observe(planned('and started', SHARES), async () => site.startAgent('b'));
  await site.settled(SHARES);
  let restore = (): Promise<void> => Promise.resolve();
  await site.observe(silence('host of node 1 dead', ALL_ON('b')), async () => {
    restore = await site.powerCut('a');
  });
  await site.observe(planned('and booted', SHARES), async () => {
    await restore();
    site.startAgent('a');
  });
  await site.settled(SHARES);
}
