// What usually goes wrong between the two, to be planted into a sound pair: what is heard on the wire, clocks, what the
// agent has discarded, and what `check` and health say already. No test cases.
import type { VirtualRouterStatus } from '../../src/model/status.js';
import { activeRouter } from '../cli/statuses.js';
import type { Planted } from './bench.js';

/** The agent has discarded these on VRID 51. */
export const withErrors = (
  errors: VirtualRouterStatus['counters']['errors'],
  at?: string,
): VirtualRouterStatus => ({
  ...activeRouter,
  counters: {
    ...activeRouter.counters,
    errors,
    ...(at === undefined
      ? {}
      : { lastErrors: Object.fromEntries(Object.keys(errors).map((name) => [name, at])) }),
  },
});

export const WIRE_PLANTS: readonly Planted[] = [
  ['another speaker of VRRPv2', { heard: [{ version: 2 }] }, ['failure wire'], /VRRPv2, VRID 51/],
  [
    'another speaker with authentication',
    { heard: [{ version: 2, authentication: 1 }] },
    ['failure wire'],
    /VRRPv2/,
  ],
  ['another interval on the wire', { heard: [{ intervalMs: 3000 }] }, ['warning wire'], /3000 ms/],
  [
    'other addresses on the wire',
    { heard: [{ addresses: ['10.99.0.101'] }] },
    ['warning wire'],
    /10\.99\.0\.101/,
  ],
  [
    'a stranger on our VRID',
    { heard: [{ source: '10.99.0.77' }] },
    ['warning wire'],
    /10\.99\.0\.77/,
  ],
  ['the same priority on both', { heard: [{ priority: 200 }] }, ['warning wire'], /priority 200/],
  [
    'unicast on the other side only',
    { heard: [{ unicast: true }] },
    ['failure wire'],
    /10\.99\.0\.2/,
  ],
  [
    'a checksum of RFC 5798 beside a setting that says RFC 9568',
    {
      heard: [{ dialect: 'rfc5798' }],
      settings: `
name: a
ha: { primary: true, keyFile: /k, peers: [{ name: b, addresses: [10.98.0.2, 10.99.0.2] }] }
virtualRouters:
  - { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24], checksum: rfc9568 }
`,
    },
    ['failure wire'],
    /VRRPv3, VRID 51/,
  ],
  [
    'a checksum that fits nothing',
    { heard: [{ dialect: 'neither' }] },
    ['failure wire'],
    /VRRPv3, VRID 51/,
  ],
  [
    'a peer whose clock is ahead',
    {
      commands: { 'ping -n -c 1 -W 1 -T tsonly 10.98.0.2': 'TS: \t5000 absolute\n\t37000\n\t0\n' },
    },
    ['warning clocks'],
    /10\.98\.0\.2: 37000 ms/,
  ],
  [
    'a peer whose clock is behind, seen around midnight',
    {
      commands: {
        'ping -n -c 1 -W 1 -T tsonly 10.99.0.2': 'TS: \t3000 absolute\n\t86393000\n\t0\n',
      },
    },
    ['warning clocks'],
    /10\.99\.0\.2: -7000 ms/,
  ],
  [
    'a speaker of VRRPv2 that has fallen silent',
    { status: { virtualRouters: [withErrors({ version: 1 }, '2026-01-01T02:04:00.000Z')] } },
    ['warning wire'],
    /^understudy status: lan: 1 version, the last at 2026-01-01T02:04:00\.000Z$/,
  ],
  [
    'packets that were discarded, told by an agent that does not say when',
    { status: { virtualRouters: [withErrors({ hopLimit: 3 })] } },
    ['warning wire'],
    /lan: 3 hopLimit$/,
  ],
  [
    'the same, and its packets are heard: told once, by its address',
    {
      heard: [{ version: 2 }],
      status: { virtualRouters: [withErrors({ version: 7 }, '2026-01-01T02:04:00.000Z')] },
    },
    ['failure wire'],
    /VRRPv2, VRID 51/,
  ],
  ['no right to listen', { heard: null }, ['warning wire'], /^$/],
  [
    'what check says',
    {
      known: [
        {
          from: 'check',
          level: 'failure',
          message: 'ha.keyFile: it may be read by others; chmod 600 /k',
        },
      ],
    },
    ['failure check'],
    /understudy check/,
  ],
  [
    'what health says',
    { known: [{ from: 'health', level: 'warning', message: 'settings differ: primary' }] },
    ['warning health'],
    /understudy status/,
  ],
  [
    'a fault of two reasons, which is one finding',
    {
      known: [
        { from: 'health', level: 'failure', message: 'lan: the interface has no carrier' },
        { from: 'health', level: 'failure', message: 'b is silent on every path' },
      ],
    },
    ['failure health'],
    /no carrier\n.*silent/,
  ],
];
