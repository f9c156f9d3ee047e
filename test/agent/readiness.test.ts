// Would a failover now succeed, and if not, why: each reason there is, on the side that has the role and on the
// other. Statuses only; that both sides and the order itself agree is in virtual/readiness.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { readinessOf, type ReadinessInput } from '../../src/agent/readiness.js';
import { OTHER_RULES } from '../../src/model/settings-digest.js';
import type { PeerStatus, VirtualRouterStatus } from '../../src/model/status.js';
import { activeRouter } from '../cli/statuses.js';

const backupRouter: VirtualRouterStatus = {
  ...activeRouter,
  state: 'Backup',
  addresses: [{ address: '10.99.0.100/24', present: false }],
};
const peer: PeerStatus = { name: 'b', state: 'healthy', fitness: 'sound', paths: [] };
const prospect = { virtualRouter: 'lan', successors: ['b'], objections: [] };

const active = (changed: Partial<ReadinessInput> = {}): ReadinessInput => ({
  mode: 'active-passive',
  virtualRouters: [activeRouter],
  peers: [peer],
  own: { fit: true, sound: true },
  prospects: [prospect],
  leaving: [],
  script: [],
  ...changed,
});
const backup = (changed: Partial<ReadinessInput> = {}): ReadinessInput =>
  active({ virtualRouters: [backupRouter], prospects: [], ...changed });

/** Direction, then `reason; remedy` of everything that is against it. */
const answers = (input: ReadinessInput): string[][] =>
  readinessOf(input).map(({ direction, ready, to, hindrances }) => {
    assert.equal(ready, hindrances.length === 0);
    const against = hindrances.map(({ reason, remedy }) => `${reason}; ${remedy}`);
    return [[direction, ...to].join(' '), ...against];
  });

describe('readiness where the role is', () => {
  it('is there when a peer is fit and sound for all of it', () => {
    assert.deepEqual(answers(active()), [['away b']]);
    const two = [prospect, { virtualRouter: 'wan', successors: ['b', 'c'], objections: [] }];
    assert.deepEqual(answers(active({ prospects: two })), [['away b']]);
  });

  it('is not while no peer is, with what an order would say, once', () => {
    const against = { text: 'b is silent on every path', remedy: 'see that b runs' };
    const lone = (virtualRouter: string): ReadinessInput['prospects'][number] => ({
      virtualRouter,
      successors: [],
      objections: [against],
    });
    assert.deepEqual(answers(active({ prospects: [lone('lan'), lone('wan')] })), [
      ['away', 'b is silent on every path; see that b runs'],
    ]);
    const third = { ...lone('wan'), successors: ['c'] };
    assert.deepEqual(answers(active({ prospects: [third] })), [['away c']]);
  });

  it('is not while a handover is under way', () => {
    assert.deepEqual(answers(active({ leaving: ['lan'] })), [
      ['away b', 'lan: a handover is under way; wait until it is over'],
    ]);
  });

  it('is not without the script, or what runs it', () => {
    const script = ['vip.script: there is no /usr/lib/understudy/vip'];
    const said = `${script[0]}; mend that: no address is added or removed without`;
    assert.deepEqual(answers(active({ script })), [['away b', said]]);
    assert.deepEqual(answers(backup({ script })), [['here', said]]);
  });
});

describe('readiness where the role is not', () => {
  const against = (changed: Partial<ReadinessInput>): string[] => {
    const [[direction, ...reasons] = []] = answers(backup(changed));
    assert.equal(direction, 'here');
    return reasons;
  };

  it('is there when nothing is against it', () => {
    assert.deepEqual(against({}), []);
  });

  it('is not while this appliance is out of the election, with the command that ends it', () => {
    const out = (reason: string, detail = ''): ReadinessInput['own'] => ({
      fit: false,
      sound: false,
      cause: { reason, detail, forced: false, doubtful: false },
    });
    const start = 'this appliance is out of the election: ';
    assert.deepEqual(against({ own: out('maintenance', 'alice') }), [
      `${start}in maintenance, by an operator (alice); run "understudy maintenance off"`,
    ]);
    assert.deepEqual(against({ own: out('no-carrier', 'eth0') }), [
      `${start}the interface has no carrier (eth0); mend that here`,
    ]);
  });

  it('is not while a virtual router is out, though the others may take part', () => {
    const out: VirtualRouterStatus = {
      ...backupRouter,
      name: 'wan',
      state: 'Initialize',
      reason: 'interface-missing',
    };
    assert.deepEqual(against({ virtualRouters: [backupRouter, out] }), [
      'wan is out of the election: the interface does not exist; mend that here',
    ]);
  });

  it('is not with a soft fault, unless it is only not known yet', () => {
    const soft = (detail: string, doubtful = false): ReadinessInput['own'] => ({
      fit: true,
      sound: false,
      cause: { reason: 'soft-fault', detail, forced: false, doubtful },
    });
    const remedy = 'mend what it watches; see the monitors below';
    assert.deepEqual(against({ own: soft('gateway') }), [`failing here: gateway; ${remedy}`]);
    assert.deepEqual(against({ own: soft('') }), [`a monitor fails here; ${remedy}`]);
    assert.deepEqual(against({ own: { fit: true, sound: false } }), [
      `a monitor fails here; ${remedy}`,
    ]);
    assert.deepEqual(against({ own: soft('web', true) }), []);
  });

  it('is not while its own script has just failed', () => {
    const adjustments = [{ name: 'address-lost', amount: -99 }];
    const own = {
      fit: true,
      sound: false,
      cause: { reason: 'address-failed', detail: 'lan', forced: false, doubtful: false },
    };
    assert.deepEqual(against({ virtualRouters: [{ ...backupRouter, adjustments }], own }), [
      'lan is at priority 1 for 60 s: its virtual addresses could not be added or kept here; see understudy events for why, mend that, and wait until the 60 s are over',
    ]);
  });

  it('is not while every peer is silent; one that speaks is enough', () => {
    const remedy = (name: string): string =>
      `see that ${name} runs, that the HA port reaches it and that both have the same key`;
    const peers: PeerStatus[] = [
      { name: 'b', state: 'unhealthy', paths: [] },
      { name: 'c', state: 'unknown', paths: [] },
    ];
    assert.deepEqual(against({ peers }), [
      `b is silent on every path; ${remedy('b')}`,
      `c has not answered yet; ${remedy('c')}`,
    ]);
    assert.deepEqual(against({ peers: [...peers, peer] }), []);
  });

  it('is not with other virtual routers or addresses than the peer; other differences do not count', () => {
    const differences = ['other VRIDs', 'other virtual addresses', 'mode is off', OTHER_RULES];
    assert.deepEqual(against({ peers: [{ ...peer, differences }] }), [
      'b has other VRIDs; make the settings of both agree',
      'b has other virtual addresses; make the settings of both agree',
    ]);
    const silent: PeerStatus = { name: 'c', state: 'unhealthy', paths: [], differences };
    assert.deepEqual(against({ peers: [peer, silent] }), []);
  });

  it('is not while an address is not free, unless it is the owner’s', () => {
    const addresses = [{ address: '10.99.0.100/24', present: true, foreign: true as const }];
    assert.deepEqual(against({ virtualRouters: [{ ...backupRouter, addresses }] }), [
      'lan: 10.99.0.100/24 is not free: somebody else has put it on eth0; ip address del 10.99.0.100/24 dev eth0',
    ]);
    const owner = { ...backupRouter, addresses, configuredPriority: 255 };
    assert.deepEqual(against({ virtualRouters: [owner] }), []);
  });
});

describe('readiness', () => {
  it('of active-active has an answer for each direction', () => {
    const west = { ...backupRouter, name: 'west' };
    const both = active({ mode: 'active-active', virtualRouters: [activeRouter, west] });
    assert.deepEqual(answers(both), [['away b'], ['here']]);
  });

  it('has nothing to say without peers, and with HA off', () => {
    assert.deepEqual(readinessOf(active({ peers: [], prospects: [] })), []);
    assert.deepEqual(readinessOf(backup({ mode: 'off' })), []);
  });
});
