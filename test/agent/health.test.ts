// Health in words: what an operator reads first. Each reason by itself, and which weighs more.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { healthOf, type HealthInput } from '../../src/agent/health.js';
import { OTHER_RULES } from '../../src/model/settings-digest.js';
import type { PeerStatus, Status } from '../../src/model/status.js';
import { activeRouter, backupRouter } from '../cli/statuses.js';

const peer: PeerStatus = {
  name: 'dallas-2',
  state: 'healthy',
  fitness: 'sound',
  virtualRouters: [{ name: 'lan', state: 'Backup', effectivePriority: 100 }],
  paths: [
    { address: '10.98.0.2', state: 'healthy', rttMs: 0.4 },
    { address: '10.99.0.2', state: 'healthy', rttMs: 0.3 },
  ],
};

const input: HealthInput = {
  mode: 'active-passive',
  virtualRouters: [activeRouter],
  peers: [peer],
  monitors: [],
  leaving: [],
  keys: [],
  problems: [],
};

/** As words; the kinds have a test of their own. */
function health(change: Partial<HealthInput>): Pick<Status['health'], 'state' | 'reasons'> {
  const { state, reasons } = healthOf({ ...input, ...change });
  return { state, reasons };
}

function withRole(state: 'Active' | 'Backup' | 'Initialize'): PeerStatus {
  return { ...peer, virtualRouters: [{ name: 'lan', state, effectivePriority: 100 }] };
}

const silent = peer.paths.map((path) => ({ ...path, state: 'unhealthy', rttMs: null }));
const out = { ...activeRouter, state: 'Initialize', addresses: [], effectivePriority: 0 } as const;
const db = { name: 'db', detail: 'exit 1', state: 'failed' } as const;

describe('health', () => {
  it('is well with a peer that is', () => {
    assert.deepEqual(health({}), { state: 'healthy', reasons: [] });
    const standby = { ...backupRouter, name: 'lan' };
    assert.equal(health({ virtualRouters: [standby] }).state, 'healthy');
  });

  it('is a fault when the addresses could not be put in place, though it stays in the election', () => {
    const adjustments = [{ name: 'address-lost', amount: -199 }];
    const yielding = { ...backupRouter, name: 'lan', effectivePriority: 1, adjustments };
    assert.deepEqual(health({ virtualRouters: [yielding] }), {
      state: 'fault',
      reasons: [
        'lan: its virtual addresses cannot be put in place, or do not stay there: priority 1',
      ],
    });
  });

  const foreign = [
    { address: '10.99.0.100/24', present: true, foreign: true as const },
    { address: '10.99.0.101/24', present: true, foreign: true as const },
  ];

  it('the owner has its addresses whatever its state', () => {
    for (const state of ['Active', 'Backup'] as const) {
      const owner = { ...activeRouter, state, configuredPriority: 255, addresses: foreign };
      assert.deepEqual(health({ virtualRouters: [owner] }).reasons, []);
    }
  });

  const degraded: readonly [string, Partial<HealthInput>, string][] = [
    ...(['Active', 'Backup'] as const).map((state): [string, Partial<HealthInput>, string] => [
      `addresses that somebody else has put there, while ${state}`,
      { virtualRouters: [{ ...activeRouter, state, addresses: foreign }] },
      `${activeRouter.name}: 10.99.0.100/24 (and 1 more) was put on ${activeRouter.interface} by somebody else, and stays there whatever the role: take it off, or give the owner of the address priority 255`,
    ]),
    [
      'a peer that has not been heard yet',
      { peers: [{ ...peer, state: 'unknown', paths: silent }] },
      'dallas-2 has not answered yet',
    ],
    [
      'a silent peer',
      { peers: [{ ...peer, state: 'unhealthy', paths: silent }] },
      'dallas-2 is silent on every path',
    ],
    [
      'a peer that cannot be understood',
      {
        peers: [
          {
            ...peer,
            state: 'unhealthy',
            paths: silent.map((path) => ({
              ...path,
              problem: 'what comes from 10.98.0.2 is discarded: the HMAC is wrong',
            })),
          },
        ],
      },
      'dallas-2 is silent on every path; what comes from 10.98.0.2 is discarded: the HMAC is wrong',
    ],
    [
      'one path of two',
      { peers: [{ ...peer, paths: [...silent.slice(0, 1), ...peer.paths.slice(1)] }] },
      'dallas-2 does not answer over 10.98.0.2; 1 of 2 paths left',
    ],
    [
      'a peer that is out of the election',
      { peers: [{ ...peer, fitness: 'unfit' }] },
      'dallas-2 cannot take the role',
    ],
    [
      'settings that differ',
      { peers: [{ ...peer, differences: ['mode is off', 'other VRIDs'] }] },
      'settings differ from those of dallas-2: mode is off, other VRIDs',
    ],
    [
      'two Actives',
      {
        peers: [
          { ...peer, virtualRouters: [{ name: 'lan', state: 'Active', effectivePriority: 100 }] },
        ],
      },
      'lan: dallas-2 is Active too',
    ],
    [
      'a router that is loud on our VRID and not heard',
      {
        virtualRouters: [
          {
            ...activeRouter,
            discarding: [{ source: '10.99.0.9', reason: 'version', detail: '2' }],
          },
        ],
      },
      `${activeRouter.name}: 10.99.0.9 sends on VRID ${activeRouter.vrid} and is not heard (version 2): let it speak VRRP version 3 (keepalived: vrrp_version 3), or give it another VRID`,
    ],
    [
      'multicast that does not arrive',
      { virtualRouters: [{ ...backupRouter, name: 'lan', unheard: 'adverts-lost' }] },
      'lan: the peer is Active, but its advertisements do not arrive by multicast',
    ],
    [
      'a LAN that is split',
      { virtualRouters: [{ ...backupRouter, name: 'lan', unheard: 'lan-split' }] },
      'lan: the peer is Active, but this link does not reach it: the LAN is split',
    ],
    [
      'a peer that does not hear us, the Active',
      {
        peers: [
          {
            ...peer,
            virtualRouters: [
              { name: 'lan', state: 'Backup', effectivePriority: 100, hearsNot: true },
            ],
          },
        ],
      },
      'lan: dallas-2 does not hear our advertisements',
    ],
    [
      'a stranger that is Active',
      {
        virtualRouters: [
          { ...backupRouter, name: 'lan', activeAddress: '10.99.0.66', strangerActive: true },
        ],
      },
      'lan: the Active is 10.99.0.66, which is no peer',
    ],
    [
      'a lesser router that goes on advertising',
      { virtualRouters: [{ ...activeRouter, rivalAddress: '10.99.0.66' }] },
      'lan: 10.99.0.66 advertises too, although we are Active and outrank it',
    ],
    ['a check that moves no role', { monitors: [{ ...db, weight: 0 }] }, 'db: exit 1'],
    ['a soft fault', { monitors: [{ ...db, weight: 'soft' }] }, 'db: exit 1'],
    [
      'maintenance',
      { virtualRouters: [{ ...out, reason: 'maintenance' }] },
      'in maintenance, by an operator',
    ],
    ['a file that cannot be written', { problems: ['the disk is full'] }, 'the disk is full'],
  ];
  for (const [what, change, reason] of degraded) {
    it(`is degraded by ${what}`, () => {
      assert.deepEqual(health(change), { state: 'degraded', reasons: [reason] });
    });
  }

  const away = { ...activeRouter, state: 'Initialize', reason: 'maintenance' } as const;
  const gone = away.addresses.map((one) => ({ ...one, present: false }));
  const nobody: readonly [string, Partial<HealthInput>, boolean][] = [
    ['the peer is out too', { peers: [withRole('Initialize')] }, true],
    ['the peer holds it', { peers: [withRole('Active')] }, false],
    ['the peer is about to take it', { peers: [withRole('Backup')] }, false],
    ['the peer is silent', { peers: [{ ...peer, state: 'unhealthy', paths: silent }] }, true],
    ['there is no peer', { peers: [] }, true],
    [
      'HA is off at both',
      {
        mode: 'off',
        virtualRouters: [{ ...away, reason: 'mode-off', addresses: gone }],
        peers: [withRole('Initialize')],
      },
      true,
    ],
    [
      'HA is off, and there is no peer',
      {
        mode: 'off',
        virtualRouters: [{ ...away, reason: 'mode-off', addresses: gone }],
        peers: [],
      },
      false,
    ],
    [
      'some other router advertises',
      { virtualRouters: [{ ...away, addresses: gone, lastAdvertisementAgeMs: 3_900 }], peers: [] },
      false,
    ],
    [
      'some other router has advertised, before',
      { virtualRouters: [{ ...away, addresses: gone, lastAdvertisementAgeMs: 4_100 }], peers: [] },
      true,
    ],
    [
      'the link is dead, and the peer silent: nothing is known',
      {
        virtualRouters: [{ ...away, addresses: gone, reason: 'no-carrier' }],
        peers: [{ ...peer, state: 'unhealthy', paths: silent }],
      },
      false,
    ],
    [
      'the link is dead, and the peer says that it is out',
      {
        virtualRouters: [{ ...away, addresses: gone, reason: 'no-carrier' }],
        peers: [withRole('Initialize')],
      },
      true,
    ],
    ['the agent has only started', { virtualRouters: [{ ...away, reason: 'startup' }] }, false],
  ];
  for (const [when, change, isFault] of nobody) {
    it(`nobody holds it ${isFault ? 'is a fault' : 'is not said'}: ${when}`, () => {
      const found = health({ virtualRouters: [{ ...away, addresses: gone }], ...change });
      const reason = `lan: nobody holds ${gone[0]?.address.split('/')[0]}`;
      assert.equal(found.reasons.includes(reason), isFault, found.reasons.join('; '));
      if (isFault) assert.equal(found.state, 'fault');
    });
  }

  it('of many addresses that nobody holds the first three are named', () => {
    const many = Array.from({ length: 5 }, (_, at) => ({
      address: `10.99.0.${at + 1}/24`,
      present: false,
    }));
    const found = health({ virtualRouters: [{ ...away, addresses: many }], peers: [] });
    assert.equal(found.reasons[0], 'lan: nobody holds 10.99.0.1, 10.99.0.2, 10.99.0.3 and 2 more');
  });

  it('a fault of several virtual routers is told once, before all else', () => {
    const found = health({
      virtualRouters: [
        { ...out, reason: 'no-carrier' },
        { ...out, name: 'wan', reason: 'group-fault' },
        { ...out, name: 'dmz', reason: 'group-fault' },
      ],
      problems: ['the disk is full'],
    });
    assert.equal(found.state, 'fault');
    assert.deepEqual(found.reasons, [
      'lan: the interface has no carrier',
      'wan, dmz: another virtual router of this instance is in fault, and all move together',
      'the disk is full',
    ]);
  });

  it('a hard monitor is told as the fault that it is, not twice', () => {
    const found = health({
      virtualRouters: [{ ...out, reason: 'links-below-minimum' }],
      monitors: [{ ...db, name: 'links', weight: 'hard', fault: 'links-below-minimum' }],
    });
    assert.deepEqual(found.reasons, ['lan: fewer link pairs are active than the minimum']);
  });

  it('two Actives are on purpose while the role is handed over', () => {
    const both: Partial<HealthInput> = {
      peers: [
        { ...peer, virtualRouters: [{ name: 'lan', state: 'Active', effectivePriority: 100 }] },
      ],
      leaving: ['lan'],
    };
    assert.equal(health(both).state, 'healthy');
  });

  it('other rules are said behind the rest, and are no lack; of a peer that is silent nothing is', () => {
    const remark = `${OTHER_RULES} than dallas-2 has`;
    const other = { ...peer, differences: [OTHER_RULES] };
    assert.deepEqual(health({ peers: [other] }), { state: 'healthy', reasons: [remark] });
    assert.deepEqual(health({ peers: [{ ...peer, differences: [OTHER_RULES, 'other VRIDs'] }] }), {
      state: 'degraded',
      reasons: ['settings differ from those of dallas-2: other VRIDs', remark],
    });
    assert.deepEqual(health({ peers: [{ ...other, state: 'unhealthy', paths: silent }] }).reasons, [
      'dallas-2 is silent on every path',
    ]);
  });

  it('off is a choice, and said', () => {
    const found = health({ mode: 'off', virtualRouters: [{ ...out, reason: 'mode-off' }] });
    assert.deepEqual(found, { state: 'healthy', reasons: ['HA mode is off'] });
  });

  it('counts its reasons by what they are about, for whoever watches numbers', () => {
    const silentPeer: PeerStatus = { ...peer, state: 'unhealthy', paths: silent };
    const { reasons, kinds } = healthOf({
      ...input,
      peers: [silentPeer],
      monitors: [{ ...db, weight: 'soft' }],
      problems: ['/x: no space left', '/y: no space left'],
    });
    assert.deepEqual(kinds, { peer: 1, monitor: 1, host: 2 });
    assert.equal(reasons.length, 4, reasons.join('; '));
    assert.deepEqual(healthOf(input).kinds, {});
  });

  it('tells conflicts and refusals of shared settings under follow, and its own closed port', () => {
    const conflict = 'shared settings are in conflict with dallas-2: both were edited';
    const closed = 'shared settings: TCP port 7112 cannot be had (EADDRINUSE)';
    const sync = {
      mode: 'follow',
      generation: 2,
      author: 'dallas-1',
      digest: '00',
      problem: closed,
      peers: [
        { name: 'dallas-2', state: 'conflict', since: '', problem: conflict },
        { name: 'dallas-3', state: 'in-sync', since: '' },
      ],
    } as const;
    assert.deepEqual(health({ sync }), { state: 'degraded', reasons: [closed, conflict] });
    assert.equal(healthOf({ ...input, sync }).kinds?.sync, 2);
    assert.equal(health({ sync: { ...sync, mode: 'offer' } }).state, 'healthy');
  });
});
