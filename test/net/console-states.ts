// States of an appliance that the console is looked at in: what an agent would report. No browser.
import type { Status, SyncStatus, WitnessStatus } from '../../src/model/status.js';
import {
  activeActive,
  bypassFailed,
  inMaintenance,
  lanSplit,
  pair,
  peerDead,
  softFault,
  suspended,
} from '../cli/pair-statuses.js';

const SINCE = '2026-05-04T09:12:07.000Z';

type PeerSync = SyncStatus['peers'][number];

/** Settings of which dallas-2 has the same, others, or others since both were edited. */
export const syncOf = (
  state: PeerSync['state'],
  more: Partial<PeerSync> = {},
  mode: SyncStatus['mode'] = 'offer',
): SyncStatus => ({
  mode,
  generation: 12,
  author: 'dallas-1',
  digest: '9f2c',
  peers: [{ name: 'dallas-2', state, since: SINCE, ...more }],
});

const differing = ['peer-check-interval', 'virtualRouters[guest]'];

/** When the screens are looked at, by the appliance's own clock. */
const time = '2026-01-01T02:05:00.000Z';

const [router] = pair.virtualRouters;
const [peer] = pair.peers;
const [standby] = lanSplit.virtualRouters;
if (router === undefined || peer === undefined || standby === undefined) {
  throw new Error('expected a virtual router and a peer in the statuses of the screens');
}

const active: Status = { ...pair, time, sync: syncOf('in-sync') };

const backup: Status = {
  ...active,
  name: 'dallas-2',
  primary: false,
  readiness: [{ direction: 'here', ready: true, to: [], hindrances: [] }],
  virtualRouters: [
    { ...standby, reason: 'startup', configuredPriority: 100, effectivePriority: 100 },
  ],
  peers: [
    {
      ...peer,
      name: 'dallas-1',
      virtualRouters: [{ name: 'lan', state: 'Active', effectivePriority: 200 }],
    },
  ],
  sync: { ...syncOf('in-sync'), peers: [{ name: 'dallas-1', state: 'in-sync', since: SINCE }] },
};

/** The kernel has not what it should, and has what somebody else has put there. */
const addressesWrong: Status = {
  ...active,
  health: {
    state: 'degraded',
    reasons: [
      'lan: 10.99.0.101/24 is missing',
      'lan: 10.99.0.102/24 was put there by somebody else',
    ],
  },
  virtualRouters: [
    {
      ...router,
      addresses: [
        { address: '10.99.0.100/24', present: true },
        { address: '10.99.0.101/24', present: false },
        { address: '10.99.0.102/24', present: true, foreign: true },
        { address: '2001:db8:4711:815:1234:5678:9abc:def0/64', present: true },
      ],
    },
  ],
};

const witness = (state: 'seen' | 'away'): WitnessStatus => ({
  endpoints: ['https://10.0.0.9:2379'],
  ttlSeconds: 6,
  state,
  since: '2026-01-01T01:00:00.000Z',
  ...(state === 'away' ? { detail: 'https://10.0.0.9:2379: no answer within 1000 ms' } : {}),
  lease: 'ours',
  remainingMs: 5_240,
});

/** Three appliances, one of them with many paths and a long name. */
const three: Status = {
  ...active,
  peers: [
    peer,
    {
      ...peer,
      name: 'dallas-3-with-a-name-of-some-length.example.com',
      state: 'unhealthy',
      paths: ['10.98.0.3', '10.99.0.3', '2001:db8:4711:815:1234:5678:9abc:3', 'fe80::3%eth0'].map(
        (address, index) => ({
          address,
          state: index === 0 ? 'healthy' : 'unhealthy',
          rttMs: index === 0 ? 12.5 : null,
        }),
      ),
    },
  ],
};

export const STATES: Readonly<Record<string, Status>> = {
  active,
  backup,
  'peer-dead': { ...peerDead, time },
  maintenance: { ...inMaintenance, time, sync: syncOf('in-sync') },
  suspended: { ...suspended, time },
  'bypass-failed': { ...bypassFailed, time },
  'soft-fault': { ...softFault, time },
  'addresses-wrong': addressesWrong,
  witness: { ...active, witness: witness('seen') },
  'witness-away': { ...peerDead, time, witness: witness('away') },
  differs: { ...active, sync: syncOf('differs', { detail: 'newer here', differing }) },
  conflict: {
    ...active,
    health: {
      state: 'degraded',
      reasons: ['settings in conflict with dallas-2: both were edited since the version of 12'],
    },
    sync: syncOf('conflict', { detail: 'both were edited', differing }, 'follow'),
  },
  'active-active': { ...activeActive, time },
  three,
};
