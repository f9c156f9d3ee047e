// The last will as a function of what stands, and the failures of a script by its output.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { lastWill, type WillInput } from '../../src/agent/last-will.js';
import { describeResult, failuresOf } from '../../src/executor/script-outcome.js';
import type { RouterSnapshot } from '../../src/core/router-snapshot.js';
import type { RunResult } from '../../src/executor/executor.js';
import type { VirtualRouterSettings } from '../../src/config/settings.js';
import type { AddressTarget } from '../../src/model/netlink-script.js';
import { centiseconds, instant } from '../../src/model/units.js';
import { address } from '../support/fake-kernel.js';
import { routerSettings, settingsOf } from './rig.js';

const LINK = {
  index: 7,
  name: 'eth0',
  up: true,
  carrier: true,
  mtu: 1500,
  macAddress: '02:00:00:00:00:01',
};

const snapshot = (
  configuration: VirtualRouterSettings,
  change: Partial<RouterSnapshot> = {},
): RouterSnapshot => ({
  configuration,
  state: 'Active',
  reason: 'no-response',
  because: '',
  nobodyHeld: null,
  since: instant(0),
  releasing: null,
  effectivePriority: configuration.priority,
  adjustments: [],
  activeAddress: null,
  strangerActive: false,
  rivalAddress: null,
  unheard: null,
  activeAdverInterval: configuration.advertisementInterval,
  lastAdvertisementAge: null,
  sending: 'rfc9568',
  received: null,
  primaryAddress: address(configuration.family === 'ipv4' ? '10.99.0.1' : 'fe80::1'),
  counters: {
    advertisementsSent: 0,
    advertisementsReceived: 0,
    priorityZeroSent: 0,
    priorityZeroReceived: 0,
    transitions: 0,
    remarks: {},
  },
  ...change,
});

function input(
  routers: readonly RouterSnapshot[],
  standing: readonly AddressTarget[],
  links: Readonly<Record<string, typeof LINK>> = { eth0: LINK },
): WillInput {
  return {
    settings: settingsOf(
      routers.map(({ configuration }) => configuration as VirtualRouterSettings),
    ),
    snapshot: { virtualRouters: routers },
    inherited: new Set(),
    standing,
    signing: { sealOf: () => null },
    linkNamed: (name) => links[name],
    addressesOn: () => [],
    links: [],
    putBack: [],
  };
}

const lan = routerSettings({});
const six = routerSettings({
  name: 'six',
  vrid: 52,
  family: 'ipv6',
  addresses: [{ address: address('fe80::51'), prefixLength: 64 }],
  advertisementInterval: centiseconds(10),
});
const target = ({ interface: name, addresses }: VirtualRouterSettings): AddressTarget => ({
  interface: name,
  addresses,
});

describe('the last will', () => {
  it('is none when nothing of ours may stand anywhere', () => {
    assert.equal(lastWill(input([snapshot(lan)], [])), null);
  });

  it('says farewell for every Active, waits for the slowest, and releases everything', () => {
    const will = lastWill(input([snapshot(lan), snapshot(six)], [target(lan), target(six)]));
    assert.deepEqual(will?.successors, [
      { linkIndex: 7, family: 'ipv4', vrid: 51 },
      { linkIndex: 7, family: 'ipv6', vrid: 52 },
    ]);
    assert.deepEqual(
      will?.farewell.map(({ linkIndex, frame }) => [linkIndex, frame.length]),
      [
        [7, 14 + 20 + 12],
        [7, 14 + 40 + 24],
      ],
    );
    // IPv4: the VRRP message begins behind Ethernet and IP; its priority is byte 2, its VRID byte 1.
    assert.deepEqual([will?.farewell[0]?.frame[36], will?.farewell[0]?.frame[35]], [0, 51]);
    assert.equal(will?.keepAtMost, 3_997, 'of 100 cs at priority 1, rounded up');
    assert.deepEqual(will?.release.argv, ['/usr/lib/understudy/vip']);
    assert.equal(
      will?.release.input,
      'address del 10.99.0.100/24 dev eth0\naddress del fe80::51/64 dev eth0\n',
    );
  });

  it('the farewell is in the dialect that is spoken', () => {
    const frames = (['rfc9568', 'rfc5798'] as const).map(
      (sending) => lastWill(input([snapshot(lan, { sending })], [target(lan)]))?.farewell[0]?.frame,
    );
    assert.notDeepEqual(frames[0]?.slice(40, 42), frames[1]?.slice(40, 42));
    assert.deepEqual(frames[0]?.slice(0, 40), frames[1]?.slice(0, 40));
  });

  it('of what a Backup could not remove: no farewell, nobody to wait for', () => {
    const will = lastWill(input([snapshot(lan, { state: 'Backup' })], [target(lan)]));
    assert.deepEqual([will?.farewell, will?.successors, will?.keepAtMost], [[], [], 0]);
    assert.equal(will?.release.input, 'address del 10.99.0.100/24 dev eth0\n');
  });

  it('an Active has a lease: by advertisements, by peer checks, with floors', () => {
    const leaseOf = (change: object, ha: object = {}) => {
      const router = snapshot(routerSettings(change));
      const { settings, ...rest } = input([router], [target(lan)]);
      const will = lastWill({ ...rest, settings: { ...settings, ha: { ...settings.ha, ...ha } } });
      const { listenAfter, farewellAfter, killAfter } = will?.lease ?? {};
      return [listenAfter, farewellAfter, killAfter];
    };
    const peers = { peers: [{ name: 'other', addresses: [address('10.99.0.2')] }] };
    const every = (hundredths: number) => ({ advertisementInterval: centiseconds(hundredths) });
    assert.deepEqual(leaseOf(every(100)), [1_500, 5_000, 6_000]);
    assert.deepEqual(leaseOf(every(100), peers), [300, 5_000, 6_000], '3 checks of 100 ms');
    assert.deepEqual(leaseOf(every(10), peers), [150, 500, 5_000], 'advertisements are sooner');
    assert.deepEqual(leaseOf(every(1), peers), [50, 200, 5_000]);
    assert.deepEqual(
      leaseOf(every(100), { ...peers, peerFailureThreshold: 1 }),
      [150, 5_000, 6_000],
      'one check is one wake-up: silence is more',
    );
  });

  it('names what an Active holds, and nothing that a Backup could not remove', () => {
    const held = lastWill(
      input([snapshot(lan), snapshot(six, { state: 'Backup' })], [target(lan), target(six)]),
    );
    assert.deepEqual(held?.addresses, [{ linkIndex: 7, address: '10.99.0.100', prefixLength: 24 }]);
    assert.equal(held.lifetime, 3);
    const own = lastWill(input([snapshot(lan), snapshot(six)], [target(six)]));
    assert.deepEqual(own?.addresses, [{ linkIndex: 7, address: 'fe80::51', prefixLength: 64 }]);
    const gone = lastWill(input([snapshot(lan)], [target(lan)], {}));
    assert.deepEqual(gone?.addresses, []);
    assert.equal(lastWill(input([snapshot(lan, { state: 'Backup' })], [target(lan)]))?.lease, null);
  });

  it('to unicast peers there is no farewell, but a successor to wait for', () => {
    const unicast = { ...lan, unicastPeers: [address('10.99.0.2')] };
    const will = lastWill(input([snapshot(unicast)], [target(unicast)]));
    assert.deepEqual(will?.farewell, []);
    assert.equal(will?.successors.length, 1);
  });

  it('an interface that is gone, or has no address to send from, is not waited for', () => {
    const gone = lastWill(input([snapshot(lan)], [target(lan)], {}));
    assert.deepEqual([gone?.farewell, gone?.successors, gone?.keepAtMost], [[], [], 0]);
    const mute = lastWill(input([snapshot(lan, { primaryAddress: null })], [target(lan)]));
    assert.deepEqual([mute?.farewell, mute?.successors, mute?.keepAtMost], [[], [], 0]);
  });
});

describe('the failures of a script', () => {
  const result = (outcome: RunResult['outcome'], stderr = ''): RunResult => ({
    outcome,
    stdout: '',
    stderr,
  });
  const lines = [
    { line: 'address del 10.99.0.7/24 dev eth0', owner: null },
    { line: 'address replace 10.99.0.100/24 dev eth0', owner: 'lan' },
    { line: 'address replace 10.99.0.101/24 dev eth0', owner: 'lan' },
    { line: 'address replace 10.98.0.100/24 dev eth1', owner: 'wan' },
  ];

  it('are none after exit code 0, whatever was said', () => {
    const done = result({ kind: 'exited', code: 0 }, 'vip: line 2: a warning\n');
    assert.deepEqual(failuresOf(done, lines), new Map());
  });

  it('belong to the owners of the lines that are named, the first of each', () => {
    const said = 'vip: line 2: permission\nvip: line 3: something else\n';
    const failed = result({ kind: 'exited', code: 1 }, said);
    assert.deepEqual(failuresOf(failed, lines), new Map([['lan', 'permission']]));
  });

  it('may concern nobody’s line', () => {
    const failed = result({ kind: 'exited', code: 1 }, 'vip: line 1: busy\nvip: line 4: gone\n');
    assert.deepEqual(
      failuresOf(failed, lines),
      new Map([
        [null, 'busy'],
        ['wan', 'gone'],
      ]),
    );
  });

  const everybody = (detail: string): Map<string | null, string> =>
    new Map([
      [null, detail],
      ['lan', detail],
      ['wan', detail],
    ]);
  const others: [string, RunResult, string][] = [
    ['names no line', result({ kind: 'exited', code: 2 }, 'usage\n'), 'exit code 2: usage'],
    [
      'names lines there are not',
      result({ kind: 'exited', code: 1 }, 'vip: line 0: x\nvip: line 5: x\n'),
      'exit code 1: vip: line 0: x; vip: line 5: x',
    ],
    ['was killed', result({ kind: 'signalled', signal: 9 }), 'killed by signal 9'],
    [
      'took too long',
      result({ kind: 'timed-out' }, 'vip: line 2: waiting\n'),
      'killed at its deadline: vip: line 2: waiting',
    ],
    ['was not run', result({ kind: 'failed', message: 'no executor' }), 'no executor'],
  ];
  for (const [what, run, detail] of others) {
    it(`are everybody’s when the run ${what}`, () => {
      assert.deepEqual(failuresOf(run, lines), everybody(detail));
      assert.equal(describeResult(run), detail);
    });
  }

  it('a long complaint is cut after three lines', () => {
    const run = result({ kind: 'exited', code: 1 }, 'a\nb\nc\nd\n');
    assert.equal(describeResult(run), 'exit code 1: a; b; c');
  });
});
