// Statuses of a pair in good and in bad times, as the agent of either side reports them.
import type { PeerStatus, Readiness, Status, VirtualRouterStatus } from '../../src/model/status.js';
import { activeRouter, healthy } from './statuses.js';

const NO_GATEWAY = '10.99.0.254 no answer within 100 ms; 0 of 3 successes in a row to recover';
const LAN_PATH = '10.99.0.2';
const HA_PATH = '10.98.0.2';

/** Where the settings name no hook. */
const NO_BYPASS = { desired: 'inline', actual: 'unknown', latched: false, segments: [] } as const;

const peer: PeerStatus = {
  name: 'dallas-2',
  state: 'healthy',
  fitness: 'sound',
  virtualRouters: [{ name: 'lan', state: 'Backup', effectivePriority: 100 }],
  paths: [
    { address: HA_PATH, state: 'healthy', rttMs: 0.412 },
    { address: LAN_PATH, state: 'healthy', rttMs: 0.35 },
  ],
};

const standby: VirtualRouterStatus = {
  ...activeRouter,
  state: 'Backup',
  reason: 'preempted',
  addresses: [{ address: '10.99.0.100/24', present: false }],
  activeAddress: LAN_PATH,
  lastAdvertisementAgeMs: 350,
  counters: { ...activeRouter.counters, advertisementsReceived: 17 },
};

const outOf = (reason: VirtualRouterStatus['reason']): VirtualRouterStatus => ({
  ...standby,
  state: 'Initialize',
  reason,
  since: '2026-01-01T02:04:40.000Z',
  effectivePriority: 0,
});

const monitors: Status['monitors'] = [
  { name: 'link eth0', state: 'ok', detail: 'up, carrier present', weight: 'hard' },
  { name: 'links', state: 'ok', detail: '2 of 2 pairs active, minimum 1', weight: 'hard' },
  {
    name: 'gateway',
    state: 'ok',
    detail: '10.99.0.254 answered in 0.3 ms; limit 3 failures in a row',
    weight: 'soft',
  },
  {
    name: 'bandwidth',
    state: 'ok',
    detail: '48.2 Mbit/s received on eth1, eth2, minimum 1 Mbit/s over 10 s',
    weight: 'soft',
  },
];

const ready = (direction: Readiness['direction']): Readiness => ({
  direction,
  ready: true,
  to: direction === 'away' ? ['dallas-2'] : [],
  hindrances: [],
});

const unready = (
  direction: Readiness['direction'],
  reason: string,
  remedy: string,
): readonly Readiness[] => [{ direction, ready: false, to: [], hindrances: [{ reason, remedy }] }];

const silent = (reason: string): readonly Readiness[] =>
  unready(
    'away',
    reason,
    'see that dallas-2 runs, that the HA port reaches it and that both have the same key, or insist with --force',
  );

const outHere = (why: string, remedy: string): readonly Readiness[] =>
  unready('here', `this appliance is out of the election: ${why}`, remedy);

export const pair: Status = {
  ...healthy,
  readiness: [ready('away')],
  peers: [peer],
  monitors,
  flaps: { count: 0, limit: 3, windowSeconds: 900, latched: false },
  bypass: {
    desired: 'inline',
    actual: 'inline',
    latched: false,
    segments: [{ name: 'port-pair-1', actual: 'inline' }],
  },
  handover: null,
};

/** What nobody hears from any more. */
const gone = (path: PeerStatus['paths'][number]): PeerStatus['paths'][number] => ({
  ...path,
  state: 'unhealthy',
  rttMs: null,
});

const silentPeer: PeerStatus = {
  name: peer.name,
  state: 'unhealthy',
  paths: peer.paths.map(gone),
};

export const peerDead: Status = {
  ...pair,
  readiness: silent('dallas-2 is silent on every path'),
  primary: false,
  health: { state: 'degraded', reasons: ['dallas-2 is silent on every path'] },
  virtualRouters: [
    {
      ...activeRouter,
      reason: 'peer-dead',
      since: '2026-01-01T02:04:58.750Z',
      lastMove: {
        way: 'taken',
        reason: 'peer-dead',
        because: 'dallas-2',
        noticedAt: '2026-01-01T02:04:58.750Z',
        stoodAt: '2026-01-01T02:04:58.762Z',
        nobodyHeldAtMostMs: 412,
        peerSaw: [],
      },
      configuredPriority: 100,
      effectivePriority: 100,
    },
  ],
  peers: [silentPeer],
};

export const haPathLost: Status = {
  ...pair,
  health: {
    state: 'degraded',
    reasons: [`dallas-2 does not answer over ${HA_PATH}; 1 of 2 paths left`],
  },
  peers: [{ ...peer, paths: peer.paths.map((path, index) => (index === 0 ? gone(path) : path)) }],
};

export const lanSplit: Status = {
  ...pair,
  readiness: unready(
    'here',
    'failing here: gateway',
    'mend what it watches; see the monitors below',
  ),
  health: {
    state: 'degraded',
    reasons: [
      `dallas-2 does not answer over ${LAN_PATH}; 1 of 2 paths left`,
      `gateway: ${NO_GATEWAY}`,
    ],
  },
  virtualRouters: [{ ...standby, lastAdvertisementAgeMs: 8_200, reason: 'lan-split' }],
  peers: [
    {
      ...peer,
      virtualRouters: [{ name: 'lan', state: 'Active', effectivePriority: 100 }],
      paths: peer.paths.map((path, index) => (index === 1 ? gone(path) : path)),
    },
  ],
  monitors: monitors.map((one) =>
    one.name === 'gateway' ? { ...one, state: 'failed', detail: NO_GATEWAY } : one,
  ),
};

const heldByPeer: PeerStatus = {
  ...peer,
  virtualRouters: [{ name: 'lan', state: 'Active', effectivePriority: 100 }],
};

export const inMaintenance: Status = {
  ...pair,
  readiness: outHere('in maintenance, by an operator', 'run "understudy maintenance off"'),
  health: { state: 'degraded', reasons: ['in maintenance, by an operator'] },
  virtualRouters: [
    {
      ...outOf('maintenance'),
      because: 'alice',
      lastMove: {
        way: 'given',
        reason: 'maintenance',
        because: 'alice',
        orderedBy: 'alice',
        noticedAt: '2026-01-01T02:04:40.000Z',
        stoodAt: '2026-01-01T02:04:40.015Z',
        nobodyHeldAtMostMs: null,
        peerSaw: [{ peer: 'dallas-2', state: 'Active', addressesPresent: true }],
      },
    },
  ],
  peers: [heldByPeer],
  maintenance: true,
};

export const bypassed: Status = {
  ...pair,
  readiness: outHere(
    'in hardware bypass, until an operator releases it',
    'run "understudy bypass release"',
  ),
  health: {
    state: 'fault',
    reasons: ['lan: in hardware bypass, until an operator releases it'],
  },
  virtualRouters: [outOf('bypassed')],
  peers: [heldByPeer],
  monitors: monitors.map((one) =>
    one.name === 'links'
      ? { ...one, detail: `${one.detail}; not judged while bypassed or settling` }
      : one,
  ),
  flaps: { count: 4, limit: 3, windowSeconds: 900, latched: true },
  bypass: {
    desired: 'bypass',
    actual: 'bypass',
    latched: true,
    segments: [{ name: 'port-pair-1', actual: 'bypass' }],
  },
};

/** The hook says done, and the relay says otherwise. */
export const bypassFailed: Status = {
  ...bypassed,
  health: {
    state: 'fault',
    reasons: [
      ...bypassed.health.reasons,
      'bypass segment port-pair-1: bypass is wanted, it reads inline: the hook claims to have set it',
    ],
  },
  bypass: {
    desired: 'bypass',
    actual: 'unknown',
    latched: true,
    segments: [
      { name: 'port-pair-1', actual: 'inline' },
      { name: 'port-pair-2', actual: 'bypass' },
    ],
  },
};

export const suspended: Status = {
  ...pair,
  readiness: outHere(
    'the role was lost too often: suspended until an operator clears the flaps',
    'run "understudy flaps clear"',
  ),
  primary: false,
  health: {
    state: 'fault',
    reasons: ['lan: the role was lost too often: suspended until an operator clears the flaps'],
  },
  virtualRouters: [
    {
      ...outOf('suspended'),
      configuredPriority: 100,
      lastMove: {
        way: 'given',
        reason: 'suspended',
        noticedAt: '2026-01-01T02:04:40.000Z',
        stoodAt: null,
        nobodyHeldAtMostMs: null,
        peerSaw: [{ peer: 'dallas-2', state: 'Backup', addressesPresent: false }],
      },
    },
  ],
  peers: [heldByPeer],
  flaps: { count: 4, limit: 3, windowSeconds: 900, latched: true },
  bypass: NO_BYPASS,
};

const UPCHECK_FAILED = 'status 200..299 expected, 503 found; 0 of 2 successes in a row to recover';
const DATABASE_FAILED = 'connect ECONNREFUSED 127.0.0.1:5432; 1 of 2 successes in a row to recover';

/** A check has failed, and the role is on its way to the peer. */
export const softFault: Status = {
  ...pair,
  readiness: unready('away', 'lan: a handover is under way', 'wait until it is over'),
  health: {
    state: 'degraded',
    reasons: [
      'lan: priority lowered by database',
      `upcheck: ${UPCHECK_FAILED}`,
      `database: ${DATABASE_FAILED}`,
    ],
  },
  virtualRouters: [
    {
      ...activeRouter,
      effectivePriority: 150,
      adjustments: [{ name: 'database', amount: -50 }],
    },
  ],
  monitors: [
    ...monitors,
    {
      name: 'upcheck',
      state: 'failed',
      detail: UPCHECK_FAILED,
      weight: 'soft',
    },
    {
      name: 'database',
      state: 'failed',
      detail: DATABASE_FAILED,
      weight: 50,
    },
    { name: 'web-1', state: 'failed', detail: 'connect ECONNREFUSED 10.99.0.11:80', weight: 0 },
    { name: 'disk', state: 'unknown', detail: 'waiting for the first result', weight: 'soft' },
  ],
  flaps: { count: 1, limit: 3, windowSeconds: 900, latched: false },
  handover: { virtualRouters: ['lan'], to: 'dallas-2', reason: 'soft-fault' },
};

const DIFFERENCES = ['mode is off', 'other advertisement intervals', 'other peer check settings'];

export const settingsDiffer: Status = {
  ...pair,
  readiness: unready(
    'away',
    'dallas-2 has a monitor that fails',
    'mend what the monitor of dallas-2 watches, or insist with --force',
  ),
  health: {
    state: 'degraded',
    reasons: [`settings differ from those of dallas-2: ${DIFFERENCES.join(', ')}`],
  },
  peers: [{ ...peer, fitness: 'soft-fault', differences: DIFFERENCES }],
};

export const activeActive: Status = {
  ...pair,
  readiness: [ready('away'), ready('here')],
  mode: 'active-active',
  virtualRouters: [
    { ...activeRouter, name: 'east', primary: 'dallas-1' },
    {
      ...standby,
      name: 'west',
      vrid: 52,
      primary: 'dallas-2',
      configuredPriority: 100,
      effectivePriority: 100,
      addresses: [{ address: '10.99.0.101/24', present: false }],
    },
  ],
  peers: [
    {
      ...peer,
      virtualRouters: [
        { name: 'east', state: 'Backup', effectivePriority: 100 },
        { name: 'west', state: 'Active', effectivePriority: 200 },
      ],
    },
  ],
  bypass: NO_BYPASS,
  flaps: { count: 2, limit: 0, windowSeconds: 900, latched: false },
};

const WRONG_KEY = 'the HMAC is wrong: another key, or a forged message';

/** Both run, with different keys. */
export const wrongKey: Status = {
  ...pair,
  readiness: silent('dallas-2 has not answered yet'),
  health: {
    state: 'degraded',
    reasons: [
      `dallas-2 has not answered yet; what comes from ${HA_PATH} is discarded: ${WRONG_KEY}`,
    ],
  },
  peers: [
    {
      ...silentPeer,
      state: 'unknown',
      paths: silentPeer.paths.map((path) => ({ ...path, state: 'unknown', problem: WRONG_KEY })),
    },
  ],
  haPort: {
    since: '2026-01-01T00:10:00.000Z',
    discarded: { stale: 3, authentic: 1_820, unknownSender: 7 },
    lastDiscarded: {
      stale: '2026-01-01T00:10:01.000Z',
      authentic: '2026-01-01T02:04:59.600Z',
      unknownSender: '2026-01-01T01:05:00.000Z',
    },
  },
};

/** An operator hands over: the peer has it already, and we still answer. */
export const handingOver: Status = {
  ...pair,
  readiness: unready('away', 'lan: a handover is under way', 'wait until it is over'),
  peers: [heldByPeer],
  handover: { virtualRouters: ['lan'], to: 'dallas-2', reason: 'failover' },
};
