// The form of what concerns the pair: the `ha` section, bypass, hooks. No meaning across settings: see
// ha-checks.ts.
import { item, own, section, shared, standingSection } from './setting-schema.js';

/** Base priorities: an instance that is primary, and any other. */
export const DEFAULT_PRIORITY = { primary: 200, other: 100 } as const;

const PEER = section(
  'Another appliance of the group.',
  {
    name: own.text('The `name` of the peer in its own settings.', 64, { examples: ['dallas-2'] }),
    addresses: own.list(
      'Its own addresses, without prefix length: every path to it, HA link first, LAN too.',
      item('Address without prefix length, such as 10.98.0.2.'),
      [1, 8],
      { examples: [['10.98.0.2', '10.99.0.2']] },
    ),
  },
  ['name', 'addresses'],
);

export const HA = standingSection('High availability.', {
  mode: shared.word(
    'off: watch and hold nothing. active-passive: all virtual routers move together. active-active: each has its own primary and moves alone.',
    ['off', 'active-passive', 'active-active'],
    { default: 'active-passive', set: 'mode', page: 'HA Mode' },
  ),
  primary: own.flag(
    `Whether this appliance is the preferred one: base priority ${DEFAULT_PRIORITY.primary}, else ${DEFAULT_PRIORITY.other}. In active-active each virtual router names its own, and this says only which appliance goes into hardware bypass after too many flaps.`,
    { default: false, set: 'primary', page: 'Primary Instance' },
  ),
  port: shared.number('HA port: UDP, the same on all appliances of the group.', [1, 65_535], {
    default: 7112,
    set: 'ha-port',
    page: 'HA Port',
  }),
  keyFile: own.path(
    'The secret that the peers share: the absolute path of a file, which "understudy keygen" writes, or credential:NAME, which systemd gives to the unit (LoadCredential=). Required with peers.',
    'key',
    { examples: ['/etc/understudy/ha.key', 'credential:ha.key'] },
  ),
  peers: own.list('The other appliances of the group.', PEER, [0, 7], {
    default: [],
    examples: [[{ name: 'dallas-2', addresses: ['10.98.0.2', '10.99.0.2'] }]],
  }),
  sync: own.word(
    'What is done when shared settings differ from those of a peer. offer: it is told, and "understudy sync" takes them over. follow: a change on one appliance is on the others at once, once they have agreed. off: nothing is told or given.',
    ['off', 'offer', 'follow'],
    { default: 'offer', set: 'sync' },
  ),
  peerCheckIntervalMs: shared.number('Time between two checks of a peer.', [10, 60_000], {
    unit: 'milliseconds',
    default: 100,
    set: 'peer-check-interval',
    page: 'Peer Check Interval',
  }),
  peerFailureThreshold: shared.number(
    'Checks that must fail in a row, on all paths, before a peer counts as unhealthy.',
    [1, 255],
    { default: 3, set: 'peer-failure-threshold', page: 'Peer Failure Threshold' },
  ),
  peerRecoveryThreshold: shared.number(
    'Checks that must succeed in a row, on any path, before a peer counts as healthy.',
    [1, 255],
    { default: 5, set: 'peer-recovery-threshold', page: 'Peer Recovery Threshold' },
  ),
  maximumFlaps: shared.number(
    'Flaps within the window before this appliance leaves the election until an operator clears them; the primary goes into hardware bypass, another is suspended. 0: no limit.',
    [0, 1000],
    { default: 3, set: 'maximum-flaps', page: 'Maximum Allowed Flaps' },
  ),
  flapWindowSeconds: shared.number('The window in which flaps are counted.', [1, 604_800], {
    unit: 'seconds',
    default: 900,
    set: 'flap-window',
  }),
  preempt: shared.flag('Preempt_Mode of every virtual router that does not set its own.', {
    default: true,
    set: 'preempt',
  }),
  preemptDelaySeconds: shared.number(
    'How long an appliance that has become fit waits before it takes the role from a lower one.',
    [0, 86_400],
    { unit: 'seconds', default: 0, set: 'preempt-delay' },
  ),
});

export const BYPASS = section(
  'Hardware bypass: what is done with the relay, by a hook. Without it there is none.',
  {
    hook: own.path('The program that moves and reads the relay. Absolute path.', 'program', {
      examples: ['/usr/local/lib/bypass'],
    }),
    segments: own.list(
      'The segments, as the hook calls them.',
      item('Name of a segment.', 64),
      [1, 64],
      { examples: [['port-pair-1']] },
    ),
    onStop: own.word(
      'What a stop of the agent does to the relay.',
      ['keep', 'inline', 'bypass', 'disconnect'],
      { default: 'keep' },
    ),
  },
  ['hook', 'segments'],
);

export const HOOKS = standingSection('Programs that are told what happens.', {
  transition: own.path(
    "Run at every transition with keepalived's own arguments, so that its scripts work. Absolute path.",
    'program',
    { examples: ['/usr/local/lib/on-transition'] },
  ),
  beforeActive: own.path(
    'Run, and waited for, before the addresses are added when the role is taken: what must be done by then, such as the commit of conntrackd. Absolute path.',
    'program',
    { examples: ['/usr/lib/understudy/hooks/conntrackd'] },
  ),
  beforeActiveTimeoutMs: own.number(
    'How long hooks.beforeActive is waited for. Then it is ended, that is told, and the addresses are added all the same.',
    [10, 900],
    { unit: 'milliseconds', default: 300 },
  ),
  monitor: own.path(
    'Run when the state of a monitor changes, with the names of all that have failed. Absolute path.',
    'program',
    { examples: ['/usr/local/lib/on-monitor'] },
  ),
});

/** Least and largest of `witness.ttlSeconds`; what other settings make of the least: witness-checks.ts. */
export const TTL_SECONDS = [2, 300] as const;

export const WITNESS = section(
  'A third place that says who may be Active when nothing connects the appliances any more. Without it both are, then. docs/WITNESS.md says what it costs.',
  {
    type: shared.word('The kind of witness: an etcd of 3.4 or later.', ['etcd'], {
      default: 'etcd',
    }),
    endpoints: shared.list(
      'The members of one etcd cluster, or its only one, as URLs. They are asked one after the other.',
      item('http:// or https://, host and port, such as https://10.0.0.9:2379.', 2048),
      [1, 8],
      { examples: [['https://10.0.0.9:2379']] },
    ),
    ttlSeconds: shared.number(
      'How long the lease of an appliance lasts that does not renew it. Default: the least that vip.leaseSeconds, ha.peerCheckIntervalMs and the advertisement intervals allow.',
      TTL_SECONDS,
      { unit: 'seconds', examples: [6] },
    ),
    key: shared.text(
      'The key of etcd that the lease is kept at: one for each group of appliances.',
      256,
      {
        default: '/understudy',
        examples: ['/understudy/dallas'],
      },
    ),
    caFile: own.path(
      'What the certificate of etcd must be signed by, in PEM. Default: the authorities that Node.js knows. Absolute path.',
      'certificate',
      { examples: ['/etc/understudy/etcd-ca.crt'] },
    ),
    certificateFile: own.path(
      'The certificate that etcd knows this appliance by, in PEM. Absolute path.',
      'certificate',
      { examples: ['/etc/understudy/etcd.crt'] },
    ),
    privateKeyFile: own.path(
      'Private key of the certificate, in PEM; nobody but its owner and his group may read it. Absolute path.',
      'secret',
      { examples: ['/etc/understudy/etcd.key'] },
    ),
    user: shared.text('The user of etcd, where it has users.', 256, { examples: ['understudy'] }),
    passwordFile: own.path(
      'File with the password of the user, and nothing else; nobody but its owner and his group may read it. Absolute path.',
      'secret',
      { examples: ['/etc/understudy/etcd.password'] },
    ),
  },
  ['endpoints'],
);

export const SIGNING = standingSection(
  'Experimental. What advertisements are signed with, of the virtual routers that say so (virtualRouters[].signed).',
  {
    keyFile: own.path(
      'The keys, the one to sign with first: a number from 1 to 255 and 64 hexadecimal digits on each line. The absolute path of a file that nobody but its owner and his group may read, or credential:NAME, which systemd gives to the unit.',
      'signing-keys',
      { examples: ['/etc/understudy/vrrp.keys', 'credential:vrrp.keys'] },
    ),
    windowSeconds: shared.number(
      'How far the time at which an advertisement was signed may be from ours. 0: any time, so clocks may differ, but after a restart of this agent a recording of any age is heard once.',
      [0, 300],
      { unit: 'seconds', default: 5 },
    ),
  },
);

export const CONSOLE = standingSection(
  'The web console: a process of its own, `understudy console`, which no agent needs. It reads these settings when it starts.',
  {
    listen: own.text(
      'Where it listens: address and port, or unix: and a path. Other addresses than those of this host alone need TLS files, or behindProxy.',
      4200,
      {
        default: '127.0.0.1:7180',
        examples: ['127.0.0.1:7180', 'unix:/run/understudy-console/http.sock'],
      },
    ),
    tokenFile: own.text(
      'File with the token that a person signs in with; nobody but the user of the console may read it. It is made at the first start. Absolute path.',
      4095,
      { default: '/var/lib/understudy-console/token' },
    ),
    certificateFile: own.text('TLS certificate, with its chain, in PEM. Absolute path.', 4095, {
      examples: ['/etc/understudy/console.crt'],
    }),
    privateKeyFile: own.text('Private key of the certificate, in PEM. Absolute path.', 4095, {
      examples: ['/etc/understudy/console.key'],
    }),
    behindProxy: own.flag(
      'Whether a proxy in front of it does TLS and hands the name of the host on (Host).',
      { default: false },
    ),
    names: own.list(
      'Names under which browsers reach it, beside localhost and the addresses of this host.',
      item('Host name, without port.', 253),
      [0, 16],
      { default: [], examples: [['dallas-1.example.com']] },
    ),
    metrics: own.flag('Whether it answers GET /metrics, without a token, for Prometheus.', {
      default: false,
    }),
    agentX: own.text(
      'Where an SNMP daemon listens for subagents (AgentX): unix: and a path, or address and port. With it VRRPV3-MIB (RFC 6527) is answered there, read only.',
      4200,
      { examples: ['unix:/var/agentx/master', '127.0.0.1:705'] },
    ),
  },
);
