// What usually goes wrong with a witness, to be planted into a sound pair. No test cases.
import type { Status } from '../../src/model/status.js';
import type { Planted } from './bench.js';

/** Settings that name these endpoints. */
export const textOf = (endpoints: readonly string[]): string => `
name: a
ha: { primary: true, keyFile: /k, peers: [{ name: b, addresses: [10.98.0.2, 10.99.0.2] }] }
virtualRouters:
  - { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24] }
  - { name: lan6, interface: eth0, vrid: 51, addresses: ['fe80::33/64'] }
witness: { endpoints: ${JSON.stringify(endpoints)} }
`;

const ONE = 'http://10.97.0.9:2379';
export const TWO = 'http://10.97.0.10:2379';
export const settings = textOf([ONE, TWO]);
export const sound = [{ holder: 'a' }, { endpoint: TWO, holder: 'a' }];

/** The peer is Active, by its own word. */
export const peerActive: Partial<Status> = {
  peers: [
    {
      name: 'b',
      state: 'healthy',
      paths: [],
      virtualRouters: [{ name: 'lan', state: 'Active', effectivePriority: 200 }],
    },
  ],
};

const refused = 'connect ECONNREFUSED 10.97.0.9:2379';
const LEADERLESS =
  'it answers, but has no leader, so that no majority stands behind it; look at the cluster: etcdctl endpoint status';

/** With what the remedy says. */
export const WITNESS_PLANTS: readonly (readonly [...Planted, RegExp])[] = [
  [
    'no endpoint that answers',
    { witness: [{ why: refused }, { endpoint: TWO, why: 'no answer in time' }] },
    ['failure witness'],
    /10\.97\.0\.9:2379: connect ECONNREFUSED/,
    /etcdctl --endpoints=http:\/\/10\.97\.0\.9:2379,http:\/\/10\.97\.0\.10:2379 endpoint health/,
  ],
  [
    'one endpoint of two that does not answer',
    { witness: [{ why: refused }, { endpoint: TWO }] },
    ['warning witness'],
    /ECONNREFUSED/,
    /endpoint health/,
  ],
  [
    'a password that the agent alone may read, and a doctor who may not',
    {
      witness: [
        { why: 'witness.passwordFile /p: cannot be read (EACCES); the agent’s user needs it' },
      ],
    },
    ['warning witness'],
    /EACCES/,
    /^sudo understudy doctor$/,
  ],
  [
    'a cluster without a leader',
    { witness: [{ why: LEADERLESS }, { endpoint: TWO, why: LEADERLESS }] },
    ['failure witness'],
    /has no leader/,
    /^look at the cluster: etcdctl endpoint status$/,
  ],
  [
    'endpoints of two clusters',
    { witness: [{ cluster: '7' }, { endpoint: TWO, cluster: '8' }] },
    ['failure witness'],
    /10\.97\.0\.10:2379: cluster 8/,
    /etcdctl member list/,
  ],
  [
    'answers that come late',
    { witness: [{ tookMs: 700 }] },
    ['warning witness'],
    /10\.97\.0\.9:2379: 700 ms of 1000 ms/,
    /witness\.ttlSeconds/,
  ],
  [
    'a lease that is held by a stranger',
    { witness: [{ holder: 'mallory' }] },
    ['failure witness'],
    /\/understudy is held by mallory/,
    /witness\.key/,
  ],
  [
    'a peer that is Active and names another witness, or another key',
    { witness: [{ holder: null }], status: peerActive },
    ['warning witness'],
    /\/understudy is held by nobody\n.*b is Active/,
    /understudy get witness/,
  ],
  [
    'a clock that runs as it likes',
    {
      witness: sound,
      files: { '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'jiffies\n' },
    },
    ['warning witness'],
    /current_clocksource: jiffies/,
    /available_clocksource/,
  ],
];
