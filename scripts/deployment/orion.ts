// Orion behind a pair of nginx balancers: which parts fail, in which order, and what that may cost.
import { rest, Site, type SitePlan } from './site.js';

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

const planned = (part: string, heir: 'a' | 'b') => ({
  part,
  kind: 'planned' as const,
  heir,
  boundMs: null,
});

export async function orion(): Promise<Site> {
  const site = await Site.open(PLAN);
  const a = site.lab.appliance('a');
  for (let round = 0; round < 5; round += 1) {
    await site.observe(planned('failover to the other balancer', 'b'), () =>
      a.control.command('failover'),
    );
    await rest(300);
    await site.observe(planned('and back', 'a'), () =>
      site.lab.appliance('b').control.command('failover'),
    );
    await rest(300);
  }
  return site;
}
