// What of the settings file the prober is told.
import assert from 'node:assert/strict';
import { it } from '../support/test.js';
import { proberSettings } from '../../src/agent/prober-settings.js';
import { parseSettings } from '../../src/config/load.js';

const told = (text: string) => {
  const file = `virtualRouters:
  - { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24] }
${text}`;
  const loaded = parseSettings(file, 'f');
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return proberSettings(loaded.settings);
};

it('nothing to monitor: nothing to do, and what is never a source', () => {
  const virtualAddresses = ['10.99.0.100'];
  const nothing = { gateway: null, bandwidth: null, checks: [], witness: null };
  assert.deepEqual(told(''), { ...nothing, virtualAddresses });
});

it('gateways, with the interface to ask through, or without one', () => {
  const gateway = {
    addresses: ['fe80::1'],
    interface: 'eth0',
    intervalMs: 100,
    failureThreshold: 2,
    recoveryThreshold: 4,
  };
  assert.deepEqual(told(`gatewayMonitoring: ${JSON.stringify(gateway)}`).gateway, gateway);
  const anywhere = told('gatewayMonitoring: { addresses: [10.99.0.254] }').gateway;
  assert.ok(anywhere !== null && !('interface' in anywhere));
});

it('traffic and checks as they stand in the file', () => {
  const { bandwidth, checks } = told(`
bandwidthMonitoring: { enabled: true, interfaces: [eth1], minimumBps: 5, seconds: 3 }
checks: [{ name: db, type: tcp, host: "::1", port: 80, weight: 30 }, { name: web, type: tcp, host: "::1", port: 80, weight: 0 }]
`);
  assert.deepEqual(bandwidth, { interfaces: ['eth1'], minimumBps: 5, seconds: 3 });
  const rhythm = { intervalMs: 1000, timeoutMs: 1000, failureThreshold: 3, recoveryThreshold: 2 };
  const target = { type: 'tcp', host: '::1', port: 80 };
  assert.deepEqual(checks, [
    { name: 'db', weight: 30, ...rhythm, ...target },
    { name: 'web', weight: 0, ...rhythm, ...target },
  ]);
});

it('a witness, with who asks it and who may have its lease', () => {
  const { witness } = told(`
name: a
ha: { keyFile: /k, peers: [{ name: b, addresses: [10.98.0.2] }] }
witness: { endpoints: ["http://10.0.0.9:2379"], key: /k, user: u, passwordFile: /p }
`);
  assert.deepEqual(witness, {
    endpoints: ['http://10.0.0.9:2379'],
    key: '/k',
    ttlSeconds: 6,
    caFile: null,
    certificateFile: null,
    privateKeyFile: null,
    user: 'u',
    passwordFile: '/p',
    name: 'a',
    group: ['a', 'b'],
  });
});
