// The form of what concerns the pair: the `ha` section, bypass, hooks. No meaning across settings: see
// ha-checks.ts.
import { flag, list, number, path, section, standingSection, text } from './setting-schema.js';

/** Base priorities: an instance that is primary, and any other. */
export const DEFAULT_PRIORITY = { primary: 200, other: 100 } as const;

const PEER = section(
  'Another appliance of the group.',
  {
    name: text('The `name` of the peer in its own settings.', 64),
    addresses: list(
      'Its own addresses, without prefix length: every path to it, HA link first, LAN too.',
      { type: 'string', description: 'Address without prefix length, such as 10.98.0.2.' },
      [1, 8],
    ),
  },
  ['name', 'addresses'],
);

export const HA = standingSection('High availability.', {
  mode: {
    type: 'string',
    description:
      'off: watch and hold nothing. active-passive: all virtual routers move together. active-active: each has its own primary and moves alone.',
    page: 'HA Mode',
    enum: ['off', 'active-passive', 'active-active'],
    default: 'active-passive',
  },
  primary: flag(
    `Whether this appliance is the preferred one: base priority ${DEFAULT_PRIORITY.primary}, else ${DEFAULT_PRIORITY.other}. In active-active each virtual router names its own, and this says only which appliance goes into hardware bypass after too many flaps.`,
    false,
    'Primary Instance',
  ),
  port: number('HA port: UDP, the same on all appliances of the group.', [1, 65_535], {
    default: 7112,
    page: 'HA Port',
  }),
  keyFile: path(
    'The secret that the peers share; "understudy keygen" writes one. Absolute path. Required with peers.',
    'key',
  ),
  peers: {
    ...list('The other appliances of the group.', PEER, [0, 7]),
    default: [],
  },
  peerCheckIntervalMs: number('Time between two checks of a peer.', [10, 60_000], {
    unit: 'milliseconds',
    default: 100,
    page: 'Peer Check Interval',
  }),
  peerFailureThreshold: number(
    'Checks that must fail in a row, on all paths, before a peer counts as unhealthy.',
    [1, 255],
    { default: 3, page: 'Peer Failure Threshold' },
  ),
  peerRecoveryThreshold: number(
    'Checks that must succeed in a row, on any path, before a peer counts as healthy.',
    [1, 255],
    { default: 5, page: 'Peer Recovery Threshold' },
  ),
  maximumFlaps: number(
    'Flaps within the window before this appliance leaves the election until an operator clears them; the primary goes into hardware bypass, another is suspended. 0: no limit.',
    [0, 1000],
    { default: 3, page: 'Maximum Allowed Flaps' },
  ),
  flapWindowSeconds: number('The window in which flaps are counted.', [1, 604_800], {
    unit: 'seconds',
    default: 900,
  }),
  preempt: flag('Preempt_Mode of every virtual router that does not set its own.', true),
  preemptDelaySeconds: number(
    'How long an appliance that has become fit waits before it takes the role from a lower one.',
    [0, 86_400],
    { unit: 'seconds', default: 0 },
  ),
});

export const BYPASS = section(
  'Hardware bypass: what is done with the relay, by a hook. Without it there is none.',
  {
    hook: path('The program that moves and reads the relay. Absolute path.', 'program'),
    segments: list(
      'The segments, as the hook calls them.',
      text('Name of a segment.', 64),
      [1, 64],
    ),
    onStop: {
      type: 'string',
      description: 'What a stop of the agent does to the relay.',
      enum: ['keep', 'inline', 'bypass', 'disconnect'],
      default: 'keep',
    },
  },
  ['hook', 'segments'],
);

export const HOOKS = standingSection('Programs that are told what happens.', {
  transition: path(
    "Run at every transition with keepalived's own arguments, so that its scripts work. Absolute path.",
    'program',
  ),
  monitor: path(
    'Run when the state of a monitor changes, with the names of all that have failed. Absolute path.',
    'program',
  ),
});
