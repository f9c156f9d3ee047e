// Statuses for the metrics: one with everything in it, and those of the screens. Times are fixed.
import type { Status } from '../../src/model/status.js';
import * as pairs from '../cli/pair-statuses.js';
import * as screens from '../cli/statuses.js';
import { activeRouter, backupRouter } from '../cli/statuses.js';

/** Every field that a status can have, with text that needs escaping wherever settings allow it. */
export const everything: Status = {
  ...pairs.pair,
  time: '2026-01-01T02:05:00.250Z',
  health: { state: 'degraded', reasons: ['a', 'b'], kinds: { peer: 1, monitor: 1 } },
  virtualRouters: [
    {
      ...activeRouter,
      adjustments: [
        { name: 'upcheck', amount: -50 },
        { name: 'upcheck', amount: -10 },
      ],
      rivalAddress: '10.99.0.7',
      discarding: [{ source: '10.99.0.66', reason: 'stranger' }],
      lastMove: {
        way: 'taken',
        reason: 'peer-released',
        because: 'dallas-2: an operator asked for a handover, by root',
        orderedBy: 'root at dallas-2',
        noticedAt: '2026-01-01T00:00:00.000Z',
        stoodAt: '2026-01-01T00:00:00.012Z',
        nobodyHeldAtMostMs: 3,
        peerSaw: [{ peer: 'dallas-2', state: 'Backup', addressesPresent: false }],
      },
      counters: {
        ...activeRouter.counters,
        announcementsSent: 6,
        transitionsBy: [
          { from: 'Initialize', to: 'Backup', reason: 'startup', count: 1 },
          { from: 'Backup', to: 'Active', reason: 'no-response', count: 1 },
        ],
        errors: { checksum: 2, intervalMismatch: 12, send: 1 },
        lastErrors: {
          checksum: '2026-01-01T02:04:52.000Z',
          intervalMismatch: '2026-01-01T02:04:59.500Z',
        },
      },
    },
    {
      ...backupRouter,
      unheard: 'adverts-lost',
      strangerActive: true,
      addresses: [{ address: 'fe80::33/64', present: true, foreign: true }],
      counters: { ...backupRouter.counters, announcementsSent: 0, transitionsBy: [] },
    },
  ],
  interfaces: [
    {
      name: 'eth0',
      present: true,
      up: true,
      carrier: false,
      discarded: { vrid: 1200 },
      lastDiscarded: { vrid: '2026-01-01T00:00:03.000Z' },
    },
  ],
  peers: [
    {
      name: 'dallas-2',
      state: 'healthy',
      fitness: 'soft-fault',
      differences: ['other "VRIDs"\\', 'other "VRIDs"\\'],
      virtualRouters: [{ name: 'lan', state: 'Backup', effectivePriority: 100 }],
      paths: [
        { address: '10.98.0.2', state: 'healthy', rttMs: 0.4 },
        { address: '10.99.0.2', state: 'unhealthy', rttMs: null },
      ],
    },
  ],
  haPort: {
    since: '2026-01-01T00:00:01.500Z',
    discarded: { stale: 3, authentic: 0 },
    lastDiscarded: { stale: '2026-01-01T00:00:02.000Z' },
  },
  monitors: [
    {
      name: 'upcheck',
      state: 'ok',
      detail: '',
      weight: 50,
      reading: { of: 'failures', value: 1, limit: 3 },
    },
    {
      name: 'db',
      state: 'failed',
      detail: '',
      weight: 'soft',
      reading: { of: 'successes', value: 0, limit: 2 },
    },
    {
      name: 'bandwidth',
      state: 'ok',
      detail: '',
      weight: 'soft',
      reading: { of: 'bitsPerSecond', value: 8_000, limit: 1_000 },
    },
    {
      name: 'links',
      state: 'ok',
      detail: '',
      weight: 'hard',
      reading: { of: 'linkPairs', value: 2, limit: 1 },
    },
  ],
  flaps: { count: 2, limit: 3, windowSeconds: 900, latched: false },
  bypass: {
    desired: 'inline',
    actual: 'unknown',
    latched: true,
    segments: [{ name: 'one', actual: 'bypass' }],
  },
  standsBack: { by: 'root', since: '2026-01-01T00:00:00.000Z' },
  witness: {
    endpoints: ['https://10.0.0.9:2379'],
    ttlSeconds: 6,
    state: 'seen',
    since: '2026-01-01T00:00:00.000Z',
    lease: 'ours',
    remainingMs: 5_250,
  },
  realtime: {
    enabled: true,
    scheduling: 'ordinary',
    priority: null,
    programLocked: false,
    missing: ['CAP_SYS_NICE'],
  },
  lateness: {
    atMost: [
      { ms: 0.1, count: 5 },
      { ms: 1, count: 7 },
    ],
    count: 8,
    sumMs: 12.5,
  },
};

const isStatus = (value: unknown): value is Status =>
  typeof value === 'object' && value !== null && 'virtualRouters' in value && 'health' in value;

/** All that there are: an agent of an earlier release tells no more than those of the screens. */
export const statuses: readonly Status[] = [
  everything,
  ...Object.values(screens).filter(isStatus),
  ...Object.values(pairs).filter(isStatus),
];
