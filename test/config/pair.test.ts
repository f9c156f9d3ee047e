// The settings of the pair: what a file comes to, which defaults hold, and what is only worth a
// warning. Faults are in pair-cases.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { parseSettings, type LoadResult } from '../../src/config/load.js';
import type { Settings } from '../../src/config/settings.js';

const ROUTER = `virtualRouters:
  - { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24] }
`;

const host = { hostName: () => 'dallas-1', fileExists: () => false };
const load = (text: string): LoadResult => parseSettings(text, 'f', host);

function loadedOf(text: string): Extract<LoadResult, { ok: true }> {
  const result = load(text);
  assert.ok(result.ok, JSON.stringify(result));
  return result;
}

const settingsOf = (text: string): Settings => loadedOf(text).settings;

function warningsOf(text: string): string[] {
  const result = load(text);
  assert.ok(result.ok, JSON.stringify(result));
  return result.warnings.map(({ path, message }) => `${path} ${message}`);
}

describe('settings of the pair', () => {
  it('takes everything that is set', () => {
    const { ha, bypass, hooks } = settingsOf(`
ha:
  port: 65535
  keyFile: /k
  peers:
    - { name: dallas-2, addresses: [10.98.0.2, "FD00::0002"] }
    - { name: dallas-3, addresses: [10.98.0.3] }
  peerCheckIntervalMs: 10
  peerFailureThreshold: 1
  peerRecoveryThreshold: 255
  maximumFlaps: 0
  flapWindowSeconds: 1
  preemptDelaySeconds: 30
bypass: { hook: /h, segments: [a, b], onStop: disconnect }
hooks: { transition: /t, monitor: /m }
${ROUTER}`);
    assert.deepEqual(ha, {
      mode: 'active-passive',
      primary: false,
      preempt: true,
      preemptDelay: 30_000,
      port: 65_535,
      keyFile: '/k',
      peers: [
        { name: 'dallas-2', addresses: ['10.98.0.2', 'fd00::2'] },
        { name: 'dallas-3', addresses: ['10.98.0.3'] },
      ],
      sync: 'offer',
      peerCheckInterval: 10,
      peerFailureThreshold: 1,
      peerRecoveryThreshold: 255,
      maximumFlaps: 0,
      flapWindow: 1_000,
    });
    assert.deepEqual(bypass, { hook: '/h', segments: ['a', 'b'], onStop: 'disconnect' });
    assert.deepEqual(hooks, {
      transition: '/t',
      monitor: '/m',
      beforeActive: null,
      beforeActiveTimeout: 300,
    });
  });

  it('leaves the relay alone at a stop unless told', () => {
    const { bypass } = settingsOf(`bypass: { hook: /h, segments: [a] }\n${ROUTER}`);
    assert.equal(bypass?.onStop, 'keep');
  });

  it('gives each virtual router in active-active the priority of its own primary', () => {
    const { virtualRouters } = settingsOf(`
ha: { mode: active-active, primary: false }
virtualRouters:
  - { name: a, interface: eth0, vrid: 1, addresses: [10.99.0.1/24], primary: dallas-1 }
  - { name: b, interface: eth0, vrid: 2, addresses: [10.99.0.2/24], primary: dallas-2 }
  - { name: c, interface: eth0, vrid: 3, addresses: [10.99.0.3/24], primary: dallas-2, priority: 150 }
`);
    const seen = virtualRouters.map(({ primary, priority }) => [primary, priority]);
    assert.deepEqual(seen, [
      ['dallas-1', 200],
      ['dallas-2', 100],
      ['dallas-2', 150],
    ]);
  });

  it('takes ha.primary for all in active-passive, and says that a primary of their own is idle', () => {
    const text = `ha: { primary: true }\n${ROUTER.replace('vrid: 51', 'vrid: 51, primary: dallas-2')}`;
    assert.equal(settingsOf(text).virtualRouters[0]?.priority, 200);
    assert.deepEqual(warningsOf(text), [
      'virtualRouters[0].primary has no effect unless ha.mode is active-active: ha.primary decides',
    ]);
  });

  it('warns of priorities against the primary, strange unicast peers and slow checks, with peers', () => {
    const text = (ha: string, router: string): string =>
      `ha: { ${ha} keyFile: /k, peers: [{ name: dallas-2, addresses: [10.98.0.2] }] }
${ROUTER.replace('vrid: 51', `vrid: 51, ${router}`)}`;
    for (const [ha, router, warnings] of [
      ['primary: true,', 'priority: 101', []],
      ['', 'priority: 199, unicastPeers: [10.98.0.2]', []],
      [
        'primary: true,',
        'priority: 20',
        [
          'virtualRouters[0].priority is 20, and one that is not primary has 100: the primary would stand back',
        ],
      ],
      [
        '',
        'priority: 200',
        [
          'virtualRouters[0].priority is 200, and a primary has 200: set ha.primary here, or lower it',
        ],
      ],
      [
        '',
        'unicastPeers: [10.98.0.3]',
        ['virtualRouters[0].unicastPeers[0] 10.98.0.3 is no address of a peer in ha.peers'],
      ],
      [
        'peerCheckIntervalMs: 60000,',
        'preempt: true',
        ['ha.peerFailureThreshold a failure is found after 3 × 60000 ms only: that is 180 s'],
      ],
    ] as const) {
      assert.deepEqual(warningsOf(text(ha, router)), warnings, router);
    }
    assert.deepEqual(warningsOf(ROUTER.replace('vrid: 51', 'vrid: 51, priority: 200')), []);
  });

  it('says that ha.primary is idle in active-active', () => {
    const text = `ha: { mode: active-active, primary: true }\n${ROUTER.replace('vrid: 51', 'vrid: 51, primary: dallas-2')}`;
    assert.deepEqual(warningsOf(text), [
      'ha.primary has no effect in active-active: each virtual router names its own primary',
    ]);
  });

  it('takes ha.primary for a word about the hardware bypass there, when there is one', () => {
    const text = `ha: { mode: active-active, primary: true }
bypass: { hook: /hook, segments: [line-1] }
${ROUTER.replace('vrid: 51', 'vrid: 51, primary: dallas-2')}`;
    assert.deepEqual(
      warningsOf(text).filter((warning) => warning.startsWith('ha.primary')),
      [],
    );
  });
});

describe('settings of what is monitored', () => {
  it('takes what is set, and defaults for the rest', () => {
    const { monitors } = settingsOf(`
bandwidthMonitoring: { enabled: true, interfaces: [eth1, eth2] }
linkMonitoring: { pairs: [[eth1, eth2], [eth3, eth4]] }
gatewayMonitoring: { addresses: [10.99.0.254, "FE80::1"], interface: eth0 }
${ROUTER}`);
    assert.deepEqual(monitors, {
      bandwidth: { interfaces: ['eth1', 'eth2'], minimumBps: 1_000_000, seconds: 10 },
      links: {
        interval: 500,
        pairs: [
          ['eth1', 'eth2'],
          ['eth3', 'eth4'],
        ],
        minimumActive: 1,
      },
      gateway: {
        addresses: ['10.99.0.254', 'fe80::1'],
        interface: 'eth0',
        interval: 200,
        failureThreshold: 3,
        recoveryThreshold: 3,
      },
      checks: [],
    });
  });

  it('knows three types of checks', () => {
    const { monitors } = settingsOf(`
checks:
  - { name: t, type: tcp, host: "::1", port: 80, intervalMs: 50, timeoutMs: 20, failureThreshold: 1, recoveryThreshold: 4, weight: 30 }
  - { name: h, type: http, url: "https://a/b?c" }
  - name: full
    type: http
    url: http://a/
    expectStatus: { minimum: 204, maximum: 204 }
    expectBody: ready
    expectHeader: { name: X-Role }
    requestHeaders: { Host: www, Authorization: Basic Zm9v }
    verifyTls: false
  - { name: s, type: script, command: [/bin/true, -x, "a b"] }
${ROUTER}`);
    const rhythm = { intervalMs: 1000, timeoutMs: 1000, failureThreshold: 3, recoveryThreshold: 2 };
    assert.deepEqual(monitors.checks, [
      {
        name: 't',
        intervalMs: 50,
        timeoutMs: 20,
        failureThreshold: 1,
        recoveryThreshold: 4,
        weight: 30,
        kind: { type: 'tcp', host: '::1', port: 80 },
      },
      {
        name: 'h',
        ...rhythm,
        kind: {
          type: 'http',
          url: 'https://a/b?c',
          expectStatus: { minimum: 200, maximum: 299 },
          verifyTls: true,
        },
      },
      {
        name: 'full',
        ...rhythm,
        kind: {
          type: 'http',
          url: 'http://a/',
          expectStatus: { minimum: 204, maximum: 204 },
          expectBody: 'ready',
          expectHeader: { name: 'X-Role' },
          requestHeaders: { Host: 'www', Authorization: 'Basic Zm9v' },
          verifyTls: false,
        },
      },
      { name: 's', ...rhythm, kind: { type: 'script', command: ['/bin/true', '-x', 'a b'] } },
    ]);
  });

  it('takes hosts by name, with a final dot, and by address of both families', () => {
    for (const name of [
      'db',
      'db-1.example.org.',
      'x_1',
      '10.99.0.7',
      '2001:db8::7',
      'a1',
      '3com.com',
    ]) {
      const text = `checks: [{ name: t, type: tcp, host: "${name}", port: 80 }]\n${ROUTER}`;
      assert.deepEqual(warningsOf(text), [], name);
    }
  });

  it('monitors nothing where a section is off or names nothing, and says so of what was written', () => {
    const text = `bandwidthMonitoring: { interfaces: [eth1], minimumBps: 5 }
linkMonitoring: { minimumActive: 2 }
gatewayMonitoring: { intervalMs: 100 }
${ROUTER}`;
    const { settings, listed } = loadedOf(text);
    assert.deepEqual(settings.monitors, {
      bandwidth: null,
      links: null,
      gateway: null,
      checks: [],
    });
    assert.deepEqual(
      ['minimum-bandwidth', 'minimum-active-links'].map(
        (wanted) => listed.find(({ name }) => name === wanted)?.value,
      ),
      [5, 2],
      'what is not in force is still what the file says',
    );
    assert.deepEqual(warningsOf(text), [
      'linkMonitoring has no pairs, so nothing is monitored',
      'gatewayMonitoring has no addresses, so nothing is monitored',
      'bandwidthMonitoring has no effect without enabled: true',
    ]);
    assert.deepEqual(warningsOf(ROUTER), []);
    assert.deepEqual(warningsOf(`bandwidthMonitoring: { enabled: false }\n${ROUTER}`), []);
  });

  it('warns of links that never count, and of times that are hardly meant', () => {
    const text = `linkMonitoring: { pairs: [[eth1, eth2]], minimumActive: 0 }
gatewayMonitoring: { addresses: [10.99.0.254], intervalMs: 60000, failureThreshold: 2 }
checks:
  - { name: fast, type: tcp, host: h, port: 80, intervalMs: 100, timeoutMs: 10000 }
  - { name: slow, type: tcp, host: h, port: 80, intervalMs: 10000, timeoutMs: 30000 }
  - { name: rare, type: tcp, host: h, port: 80, intervalMs: 600000, timeoutMs: 30000 }
${ROUTER}`;
    assert.deepEqual(warningsOf(text), [
      'linkMonitoring.minimumActive is 0: no failed link is ever a fault',
      'gatewayMonitoring.failureThreshold a failure is found after 2 × 60000 ms only: that is 120 s',
      'checks[1].timeoutMs is longer than intervalMs (10000): one that hangs holds up the next for 30 s',
    ]);
  });
});
