// Orion behind a pair of nginx balancers: which parts fail, in which order, and what that may cost.
import { checked, dark, planned, silence, told, unnoticed, untilMended } from './bounds.js';
import type { Section } from './report.js';
import { atSite, type Site, type SitePlan } from './site.js';

const instance = (number: 1 | 2) => ({
  host: { address: `10.99.0.1${number}/24`, gateway: '10.99.0.254' },
  plan: {
    name: `orion-${number}`,
    services: [8080, 8888].map((port) => ({
      kind: 'http' as const,
      port,
      paths: { '/upcheck': "I'm up!" },
      workMs: 2,
    })),
  },
});

const PLAN: SitePlan = {
  name: 'orion',
  appliances: { a: 'orion-lb-1', b: 'orion-lb-2' },
  files: {
    a: { 'etc/understudy.yaml': 'orion-lb-1.yaml', 'nginx/nginx.conf': 'nginx.conf' },
    b: { 'etc/understudy.yaml': 'orion-lb-2.yaml', 'nginx/nginx.conf': 'nginx.conf' },
  },
  standIns: { 'host-orion-1': instance(1), 'host-orion-2': instance(2) },
  nginx: true,
  targets: [
    { name: 'client', url: 'http://10.99.0.100:8080/transaction' },
    { name: 'node', url: 'http://10.99.0.100:8888/partyinfo' },
  ],
  addresses: ['10.99.0.100'],
};

const BOTH = ['orion-1', 'orion-2'];

export const orion = (): Promise<Section[]> =>
  atSite('Orion', PLAN, async (site) => {
    await work(site);
    await instances(site);
    await balancers(site);
  }).then((section) => [section]);

/** What an operator does. */
async function work(site: Site): Promise<void> {
  const [a, b] = [site.lab.appliance('a'), site.lab.appliance('b')];
  await site.observe(planned('failover by command', 'b'), () => a.control.command('failover'));
  await site.observe(planned('failover back', 'a'), () => b.control.command('failover'));
  await site.observe(planned('maintenance of the primary', 'b'), () =>
    a.control.command('maintenance', 'on'),
  );
  await site.observe(planned('its end', 'a'), () => a.control.command('maintenance', 'off'));
  await site.settled(['a']);
  await site.observe(planned('agent of the primary stopped', 'b'), () => a.stop());
  await site.observe(planned('and started', 'a'), async () => site.startAgent('a'));
  await site.settled(['a']);
  await site.observe(planned('nginx of the primary reloaded', 'a'), () => site.nginx.a.reload());
}

/** One instance after the other: the balancers stay. */
async function instances(site: Site): Promise<void> {
  const first = site.standIn('orion-1');
  const route = { answering: ['orion-2'] };
  await site.observe({ ...unnoticed('one instance killed'), ...route }, () => first.kill());
  await site.observe({ ...unnoticed('and started'), answering: BOTH }, async () => {
    await first.start();
    await site.answering(BOTH);
  });
  // Every request that reaches it waits for proxy_read_timeout and is then given to the other.
  // Nothing says that it is gone: every connection waits for proxy_connect_timeout.
  await site.observe({ ...unnoticed("one instance's host dead"), ...route }, async () => {
    await site.lab.unplugHost('host-orion-1');
    await site.answering(['orion-2']);
  });
  await site.observe({ ...unnoticed('and booted'), answering: BOTH }, async () => {
    await site.lab.plugHost('host-orion-1');
    await site.answering(BOTH);
  });
  await site.observe({ ...unnoticed('one instance hangs'), ...route }, async () => {
    first.freeze();
    await site.answering(['orion-2']);
  });
  await site.observe({ ...unnoticed('and goes on'), answering: BOTH }, async () => {
    first.thaw();
    await site.answering(BOTH);
  });
}

async function balancers(site: Site): Promise<void> {
  const { lab } = site;
  const a = lab.appliance('a');
  await site.observe(checked(300, 'nginx of the primary killed', 'b'), () => site.nginx.a.kill());
  await site.observe(dark('nginx of the other killed, too', 'b'), async () => {
    await site.nginx.b.kill();
    await site.waitForReason('b', /^nginx: /);
  });
  await site.observe(untilMended('nginx of the primary started', 'a'), async () =>
    site.nginx.a.start(),
  );
  site.nginx.b.start();
  await site.settled(['a']);
  await site.observe(told('cable of the primary pulled', 'b'), () => lab.unplug('a'));
  await site.observe(planned('and plugged in', 'a'), () => lab.plug('a'));
  await site.settled(['a']);
  await site.observe(unnoticed('HA link cut', 'a'), () => lab.setHaLink(false));
  await site.observe(unnoticed('and whole again', 'a'), () => lab.setHaLink(true));
  await site.settled(['a']);
  await site.observe(unnoticed('agent of the primary killed', 'b'), () => a.kill());
  await site.observe(planned('and started', 'a'), async () => site.startAgent('a'));
  await site.settled(['a']);
  let restore = (): Promise<void> => Promise.resolve();
  await site.observe(silence('host of the primary dead', 'b'), async () => {
    restore = await site.powerCut('a');
  });
  await site.observe(planned('and booted', 'a'), async () => {
    await restore();
    // The agent first: a balancer without nginx is not given the address.
    site.startAgent('a');
    site.nginx.a.start();
  });
  await site.settled(['a']);
}
