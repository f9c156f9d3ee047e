// The mitigation pair in the lab: how it is wired, active-passive and active-active, and what is asked of it
// again and again. Nothing fails here.
import { existsSync, readFileSync } from 'node:fs';
import type { CommandOutcome } from '../../src/control/protocol.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import type { Site, SitePlan } from './site.js';

const server = (number: 1 | 2, segment: string, subnet: string) => ({
  host: { on: segment, address: `${subnet}.11/24`, gateway: `${subnet}.100` },
  plan: {
    name: `protected-${number}`,
    services: [{ kind: 'http' as const, port: 80, workMs: 2 }],
  },
});

const files = (settings: string): SitePlan['files']['a'] => ({
  'etc/understudy.yaml': settings,
  'sysctl.d/60-mitigation.conf': '60-mitigation.conf',
});

const SHARED = {
  name: 'mitigation',
  appliances: { a: 'mitigation-1', b: 'mitigation-2' },
  nginx: false,
  connections: false,
  prepare: [
    ['sysctl', '--quiet', '--load', '/etc/sysctl.d/60-mitigation.conf'],
    ['install', '-d', '/var/lib/understudy/fake'],
    ['ln', '-s', '/usr/lib/understudy/hooks/fake', '/var/lib/understudy/fake/bypass'],
  ],
} as const;

/**
 * Far more than the minimum of the bandwidth, so that the role does not move when the client is slow for a while.
 * Bare requests are 4 kbit: 25 a second are the minimum of the page.
 */
const AMPLE = { 'x-padding': 'x'.repeat(1_000) };

/** The second line has no addresses: it is there to be monitored. */
export const ACTIVE_PASSIVE: SitePlan = {
  ...SHARED,
  files: { a: files('mitigation-1.yaml'), b: files('mitigation-2.yaml') },
  network: {
    segments: { eth1: '10.97.0', eth2: null, eth3: null },
    client: { routes: ['10.97.0.0/24 via 10.99.0.100'] },
  },
  standIns: { 'host-protected-1': server(1, 'eth1', '10.97.0') },
  targets: [{ name: 'line 1', url: 'http://10.97.0.11/', headers: AMPLE }],
  addresses: ['10.99.0.100', '10.97.0.100'],
};

export const ACTIVE_ACTIVE: SitePlan = {
  ...SHARED,
  files: {
    a: files('mitigation-active-active-1.yaml'),
    b: files('mitigation-active-active-2.yaml'),
  },
  network: {
    segments: { eth1: '10.97.0', eth2: '10.95.0', eth3: '10.96.0' },
    client: {
      on: { eth2: '10.95.0.10/24' },
      routes: ['10.97.0.0/24 via 10.99.0.100', '10.96.0.0/24 via 10.95.0.100'],
    },
  },
  standIns: {
    'host-protected-1': server(1, 'eth1', '10.97.0'),
    'host-protected-2': server(2, 'eth3', '10.96.0'),
  },
  targets: [
    { name: 'line 1', url: 'http://10.97.0.11/', headers: AMPLE },
    { name: 'line 2', url: 'http://10.96.0.11/', headers: AMPLE },
  ],
  addresses: ['10.99.0.100', '10.97.0.100', '10.95.0.100', '10.96.0.100'],
  holders: ['a', 'a', 'b', 'b'],
};

/** What the relays of the hook `fake` say. */
export function relays(site: Site, name: ApplianceName): string {
  const folder = `${site.lab.appliance(name).directory}/state/fake/relay`;
  const states = ['line-1', 'line-2'].map((segment) => {
    const file = `${folder}/${segment}.state`;
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : 'inline';
  });
  return [...new Set(states)].join(' and ');
}

/** Hands the role over from this appliance. */
export const failover = (site: Site, name: ApplianceName): Promise<CommandOutcome> =>
  site.lab.appliance(name).patientControl.command('failover');

export const heldBy = (site: Site, name: ApplianceName): Promise<void> =>
  site.waitFor(`held by ${name}`, () => site.heldBy(name));
