// Statuses of a pair in good and in bad times, as the agent of either side reports them.
import type { PeerStatus, Status, VirtualRouterStatus } from '../../src/model/status.js';
import { activeRouter, healthy } from './statuses.js';

const LAN_PATH = '10.99.0.2';
const HA_PATH = '10.98.0.2';

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
    detail: '10.99.0.254 answers in 0.31 ms; limit 3 failures in a row',
    weight: 'soft',
  },
  {
    name: 'bandwidth',
    state: 'ok',
    detail: '48.2 Mbit/s over 10 s, minimum 1 Mbit/s',
    weight: 'soft',
  },
];

export const pair: Status = {
  ...healthy,
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
  primary: false,
  health: { state: 'degraded', reasons: ['dallas-2 is silent on every path'] },
  virtualRouters: [
    {
      ...activeRouter,
      reason: 'peer-dead',
      since: '2026-01-01T02:04:58.750Z',
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
  health: {
    state: 'degraded',
    reasons: [
      'lan: dallas-2 is Active, but eth0 does not reach it: the LAN is split, and its side is the better one',
      'gateway: no answer',
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
    one.name === 'gateway'
      ? {
          ...one,
          state: 'failed',
          detail: '10.99.0.254: no answer within 200 ms; 0 of 3 successes in a row to recover',
        }
      : one,
  ),
};

const heldByPeer: PeerStatus = {
  ...peer,
  virtualRouters: [{ name: 'lan', state: 'Active', effectivePriority: 100 }],
};

export const inMaintenance: Status = {
  ...pair,
  health: { state: 'fault', reasons: ['in maintenance, by an operator'] },
  virtualRouters: [outOf('maintenance')],
  peers: [heldByPeer],
  maintenance: true,
};

export const bypassed: Status = {
  ...pair,
  health: {
    state: 'fault',
    reasons: ['the role was lost 4 times within 15 min: in hardware bypass'],
  },
  virtualRouters: [outOf('bypassed')],
  peers: [heldByPeer],
  monitors: monitors.map((one) =>
    one.name === 'links' ? { ...one, detail: `${one.detail}; not judged while bypassed` } : one,
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
    reasons: [...bypassed.health.reasons, 'bypass: port-pair-1 is inline, bypass is wanted'],
  },
  bypass: {
    desired: 'bypass',
    actual: 'inline',
    latched: true,
    segments: [
      { name: 'port-pair-1', actual: 'inline' },
      { name: 'port-pair-2', actual: 'bypass' },
    ],
  },
};

export const suspended: Status = {
  ...pair,
  primary: false,
  health: {
    state: 'fault',
    reasons: ['the role was lost 4 times within 15 min: suspended until the flaps are cleared'],
  },
  virtualRouters: [{ ...outOf('suspended'), configuredPriority: 100 }],
  peers: [heldByPeer],
  flaps: { count: 4, limit: 3, windowSeconds: 900, latched: true },
  bypass: { desired: 'unknown', actual: 'unknown', latched: false },
};

/** A check has failed, and the role is on its way to the peer. */
export const softFault: Status = {
  ...pair,
  health: { state: 'degraded', reasons: ['upcheck: HTTP 503, 200..299 expected'] },
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
      detail: 'HTTP 503, 200..299 expected; 0 of 2 successes in a row to recover',
      weight: 'soft',
    },
    {
      name: 'database',
      state: 'failed',
      detail: 'nobody listens on 127.0.0.1:5432; 1 of 2 successes in a row to recover',
      weight: 50,
    },
    { name: 'disk', state: 'unknown', detail: 'not tried yet', weight: 'soft' },
  ],
  flaps: { count: 1, limit: 3, windowSeconds: 900, latched: false },
  handover: { virtualRouters: ['lan'], to: 'dallas-2', reason: 'soft-fault' },
};

export const settingsDiffer: Status = {
  ...pair,
  health: {
    state: 'degraded',
    reasons: ['settings differ from those of dallas-2: intervals, thresholds'],
  },
  peers: [{ ...peer, fitness: 'soft-fault', differences: ['intervals', 'thresholds'] }],
};

export const activeActive: Status = {
  ...pair,
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
  bypass: { desired: 'unknown', actual: 'unknown', latched: false },
  flaps: { count: 2, limit: 0, windowSeconds: 900, latched: false },
};
