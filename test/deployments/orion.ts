// Orion behind a pair of nginx balancers: which parts fail, in which order, and what that may cost.
import { balancers, operations } from './balancers.js';
import { unnoticed } from './bounds.js';
import type { Chapter } from './chapter.js';
import type { Site, SitePlan } from './site.js';

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

export const orion: readonly Chapter[] = [
  {
    title: 'Orion',
    plan: () => PLAN,
    parts: {
      operations: (site) => operations(site),
      instances: (site) => instances(site),
      balancers: (site) => balancers(site),
    },
  },
];

/** One instance after the other: the balancers stay. */
async function instances(site: Site): Promise<void> {
  const first = site.standIn('orion-1');
  const route = { answering: ['orion-2'], leftOutBy: 'nginx' } as const;
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
