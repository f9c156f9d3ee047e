// Which settings make rules of two appliances differ, and which are local by nature. How a difference is
// named and told is test/core/agreement.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { instanceConfiguration } from '../../src/agent/instance-configuration.js';
import { parseSettings } from '../../src/config/load.js';

const TEXT = `
name: a
ha: { maximumFlaps: 3, flapWindowSeconds: 900, preemptDelaySeconds: 2 }
vip: { leaseSeconds: 10 }
bandwidthMonitoring: { enabled: true, interfaces: [eth0], minimumBps: 100000, seconds: 2 }
linkMonitoring: { intervalMs: 500, pairs: [[eth0, eth1], [eth2, eth3]], minimumActive: 1 }
gatewayMonitoring: { addresses: [10.99.0.254, 10.99.0.253], intervalMs: 400, failureThreshold: 3, recoveryThreshold: 2 }
bypass: { hook: /etc/hook, segments: [line-1], onStop: keep }
hooks: { transition: /etc/transition, monitor: /etc/monitor }
checks:
  - { name: web, type: http, url: 'http://10.99.0.1:8080/up', weight: 0 }
  - { name: db, type: tcp, host: 10.99.0.1, port: 3306 }
  - { name: mount, type: script, command: [/usr/lib/understudy/checks/mount, /srv] }
virtualRouters:
  - { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24], unicastPeers: [10.99.0.2], preempt: true }
  - { name: dmz, interface: eth1, vrid: 52, addresses: [10.97.0.100/24], checksum: rfc9568 }
`;

function rulesOf(text: string): string | undefined {
  const result = parseSettings(text, 'f', { hostName: () => 'a', fileExists: () => true });
  assert.ok(result.ok, JSON.stringify(result));
  return instanceConfiguration(result.settings).rules;
}

/** The settings with this in the place of that, which stands there once. */
function changed([before, after]: readonly [string, string]): string {
  assert.equal(TEXT.split(before).length, 2, before);
  return TEXT.replace(before, after);
}

const [, webLine = '', dbLine = ''] =
  /\n( +- \{ name: web.*\n)( +- \{ name: db.*\n)/.exec(TEXT) ?? [];
const [, lanLine = '', dmzLine = ''] =
  /\n( +- \{ name: lan.*\n)( +- \{ name: dmz.*\n)/.exec(TEXT) ?? [];

describe('rules', () => {
  for (const change of [
    ['name: a', 'name: b'],
    ['interfaces: [eth0]', 'interfaces: [wan0]'],
    ['[[eth0, eth1], [eth2, eth3]]', '[[a, b], [c, d]]'],
    ['[10.99.0.254, 10.99.0.253]', '[10.99.0.253, 10.99.0.254]'],
    ['hook: /etc/hook', 'hook: /opt/hook'],
    ['segments: [line-1]', 'segments: [eth7]'],
    ['/etc/transition', '/opt/transition'],
    ['/etc/monitor', '/opt/monitor'],
    ['http://10.99.0.1:8080/up', 'http://10.99.0.2:8080/up'],
    ['host: 10.99.0.1', 'host: db.example.com'],
    [webLine + dbLine, dbLine + webLine],
    [lanLine + dmzLine, dmzLine + lanLine],
    ['unicastPeers: [10.99.0.2]', 'unicastPeers: [10.99.0.1]'],
    ['interface: eth1', 'interface: dmz0'],
  ] as const) {
    it(`are the same: ${change.join(' → ').replaceAll(/\s+/g, ' ')}`, () => {
      assert.equal(rulesOf(changed(change)), rulesOf(TEXT));
    });
  }

  for (const change of [
    ['maximumFlaps: 3', 'maximumFlaps: 4'],
    ['flapWindowSeconds: 900', 'flapWindowSeconds: 901'],
    ['preemptDelaySeconds: 2', 'preemptDelaySeconds: 3'],
    ['leaseSeconds: 10', 'leaseSeconds: 11'],
    ['enabled: true', 'enabled: false'],
    ['interfaces: [eth0]', 'interfaces: [eth0, eth1]'],
    ['minimumBps: 100000', 'minimumBps: 100001'],
    ['seconds: 2', 'seconds: 3'],
    ['intervalMs: 500', 'intervalMs: 501'],
    ['[[eth0, eth1], [eth2, eth3]]', '[[eth0, eth1]]'],
    ['minimumActive: 1', 'minimumActive: 2'],
    ['[10.99.0.254, 10.99.0.253]', '[10.99.0.254]'],
    ['[10.99.0.254, 10.99.0.253]', '[10.99.0.254, 10.99.0.252]'],
    ['intervalMs: 400', 'intervalMs: 401'],
    ['failureThreshold: 3', 'failureThreshold: 4'],
    ['recoveryThreshold: 2', 'recoveryThreshold: 3'],
    ['segments: [line-1]', 'segments: [line-1, line-2]'],
    ['onStop: keep', 'onStop: bypass'],
    ['transition: /etc/transition, ', ''],
    [', monitor: /etc/monitor', ''],
    ['8080/up', '8080/down'],
    [':8080', ':8081'],
    ['http:', 'https:'],
    ['weight: 0', 'weight: 1'],
    [', weight: 0', ''],
    ['port: 3306', 'port: 3307'],
    [', /srv]', ', /srv2]'],
    [dbLine, ''],
    ['name: db', 'name: sql'],
    ['unicastPeers: [10.99.0.2]', 'unicastPeers: []'],
    ['preempt: true', 'preempt: false'],
    ['checksum: rfc9568', 'checksum: rfc5798'],
  ] as const) {
    it(`differ: ${change.join(' → ').trim() || 'a check less'}`, () => {
      assert.notEqual(rulesOf(changed(change)), rulesOf(TEXT));
    });
  }
});
