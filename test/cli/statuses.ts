// Statuses an agent may report, for screens and for the control socket. Times are fixed.
import type { Status, VirtualRouterStatus } from '../../src/model/status.js';

/** The wall time at which the screens are looked at: 2 h 5 min after `since`. */
export const NOW = Date.parse('2026-01-01T02:05:00.000Z');

export const activeRouter: VirtualRouterStatus = {
  name: 'lan',
  interface: 'eth0',
  vrid: 51,
  family: 'ipv4',
  state: 'Active',
  since: '2026-01-01T00:00:00.000Z',
  reason: 'no-response',
  configuredPriority: 200,
  effectivePriority: 200,
  adjustments: [],
  addresses: [{ address: '10.99.0.100/24', present: true }],
  activeAddress: '10.99.0.1',
  advertisementIntervalMs: 1000,
  activeAdvertisementIntervalMs: 1000,
  lastAdvertisementAgeMs: null,
  checksum: { setting: 'auto', sending: 'rfc9568', received: null },
  counters: {
    advertisementsSent: 7500,
    advertisementsReceived: 0,
    priorityZeroSent: 0,
    priorityZeroReceived: 0,
    transitions: 2,
    errors: {},
  },
};

export const backupRouter: VirtualRouterStatus = {
  ...activeRouter,
  name: 'lan6',
  family: 'ipv6',
  state: 'Backup',
  since: '2026-01-01T02:04:51.500Z',
  reason: 'preempted',
  addresses: [
    { address: 'fe80::33/64', present: false },
    { address: '2001:db8::100/64', present: false },
  ],
  activeAddress: 'fe80::ff:fe00:2',
  activeAdvertisementIntervalMs: 500,
  lastAdvertisementAgeMs: 120,
  counters: { ...activeRouter.counters, advertisementsReceived: 17 },
};

export const healthy: Status = {
  name: 'dallas-1',
  version: '0.1.0',
  pid: 4711,
  startedAt: '2026-01-01T00:00:00.000Z',
  mode: 'active-passive',
  primary: true,
  health: { state: 'healthy', reasons: [] },
  virtualRouters: [activeRouter],
  interfaces: [{ name: 'eth0', present: true, up: true, carrier: true, discarded: {} }],
  peers: [],
  monitors: [],
  flaps: { count: 0, limit: 0, windowSeconds: 0 },
  bypass: { desired: 'inline', actual: 'inline', latched: false },
  maintenance: false,
};

export const twoRouters: Status = {
  ...healthy,
  primary: false,
  virtualRouters: [
    {
      ...backupRouter,
      name: 'lan',
      family: 'ipv4',
      configuredPriority: 100,
      effectivePriority: 100,
      addresses: [{ address: '10.99.0.100/24', present: false }],
      activeAddress: '10.99.0.1',
    },
    backupRouter,
  ],
};

/** An agent that is out of the election, with everything a screen may have to warn of. */
export const inFault: Status = {
  ...healthy,
  health: {
    state: 'fault',
    reasons: [
      'lan: the interface has no carrier',
      'wan: the interface does not exist',
      'lan: virtual addresses are present though the state is Initialize',
    ],
  },
  virtualRouters: [
    {
      ...activeRouter,
      state: 'Initialize',
      reason: 'no-carrier',
      effectivePriority: 0,
      addresses: [{ address: '10.99.0.100/24', present: true }],
      activeAddress: null,
    },
    {
      ...activeRouter,
      name: 'wan',
      interface: 'eth1',
      state: 'Initialize',
      reason: 'interface-missing',
      effectivePriority: 0,
      addresses: [{ address: '198.51.100.9/29', present: false }],
      activeAddress: null,
    },
  ],
  interfaces: [
    {
      name: 'eth0',
      present: true,
      up: true,
      carrier: false,
      discarded: { hopLimit: 3, vrid: 1200 },
    },
    { name: 'eth1', present: false, up: false, carrier: false, discarded: {} },
  ],
};

/** Holding the role, but not all is well: an address is gone, a check lowers the priority. */
export const degraded: Status = {
  ...healthy,
  health: {
    state: 'degraded',
    reasons: [
      'lan: priority lowered by upcheck',
      'lan: 1 of 2 virtual addresses are not present',
      'dallas-2 does not answer over 10.99.0.2; 1 of 2 paths left',
      'upcheck: status 200..299 expected, 503 found; 0 of 2 successes in a row to recover',
    ],
  },
  virtualRouters: [
    {
      ...activeRouter,
      effectivePriority: 150,
      adjustments: [{ name: 'upcheck', amount: -50 }],
      addresses: [
        { address: '10.99.0.100/24', present: true },
        { address: '10.99.0.101/24', present: false },
      ],
      lastAdvertisementAgeMs: 65_000,
      checksum: { setting: 'auto', sending: 'rfc5798', received: 'rfc5798' },
      counters: {
        ...activeRouter.counters,
        advertisementsReceived: 12,
        errors: { checksum: 2, intervalMismatch: 12, send: 1 },
        lastErrors: {
          checksum: new Date(NOW - 8_000).toISOString(),
          intervalMismatch: new Date(NOW - 500).toISOString(),
        },
      },
    },
  ],
  monitors: [
    {
      name: 'upcheck',
      state: 'failed',
      detail: 'status 200..299 expected, 503 found; 0 of 2 successes in a row to recover',
      weight: 50,
    },
  ],
  peers: [
    {
      name: 'dallas-2',
      state: 'healthy',
      paths: [
        { address: '10.98.0.2', state: 'healthy', rttMs: 0.4 },
        { address: '10.99.0.2', state: 'unhealthy', rttMs: null },
      ],
    },
  ],
};

/** A virtual router with very many addresses, one of them missing. */
export const manyAddresses: Status = {
  ...healthy,
  health: {
    state: 'degraded',
    reasons: ['lan: 1 of 255 virtual addresses are not present'],
  },
  virtualRouters: [
    {
      ...activeRouter,
      addresses: Array.from({ length: 255 }, (_, index) => ({
        address: `10.9.${index >> 7}.${(index & 127) + 1}/16`,
        present: index !== 200,
      })),
    },
  ],
};

export const off: Status = {
  ...healthy,
  mode: 'off',
  virtualRouters: [
    {
      ...activeRouter,
      state: 'Initialize',
      reason: 'mode-off',
      addresses: [{ address: '10.99.0.100/24', present: false }],
      activeAddress: '10.99.0.2',
      lastAdvertisementAgeMs: 350,
    },
  ],
};
