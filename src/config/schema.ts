// The form of the settings file as a JSON schema: the one source of names, ranges, units, defaults, descriptions and
// types. A constant: compile.ts compiles it. No meaning across settings: see validate.ts. No loading: see load.ts.
import { BYPASS, CONSOLE, DEFAULT_PRIORITY, HA, HOOKS, SIGNING, WITNESS } from './schema-ha.js';
import { BANDWIDTH, CHECK, GATEWAYS, LINKS } from './schema-monitors.js';
import { item, own, section, shared, standingSection } from './setting-schema.js';
import type { SettingSchema, ValueOf } from './setting-schema.js';

export { DEFAULT_PRIORITY };
export type { SettingSchema, SettingUnit } from './setting-schema.js';

/** IPvX Addr Count is one byte (RFC 9568 §5.2.5). */
export const MAXIMUM_ADDRESSES = 255;

/** (1500 − 40 bytes of IPv6 header − 8 bytes of VRRP header) / 16, rounded down. */
export const MAXIMUM_IPV6_ADDRESSES = 90;
/** The same with the 28 bytes of a signature. */
export const MAXIMUM_SIGNED_IPV6_ADDRESSES = 89;

export const DEFAULT_RUNTIME_DIRECTORY = '/run/understudy';
export const DEFAULT_STATE_DIRECTORY = '/var/lib/understudy';
export const INSTALLED_VIP_SCRIPT = '/usr/lib/understudy/vip';

const VIRTUAL_ROUTER = section(
  'One virtual router (RFC 9568): a VRID on an interface, of one address family.',
  {
    name: shared.text(
      'Name of the virtual router in status, log and events; letters, digits, ".", "_" and "-".',
      64,
      { examples: ['lan'] },
    ),
    interface: shared.text(
      'Interface that carries the addresses and the advertisements. It may appear later.',
      15,
      { names: 'interface', examples: ['eth0'] },
    ),
    vrid: shared.number(
      'Virtual Router Identifier; the same on all routers of the group, unique per interface and family.',
      [1, 255],
    ),
    addresses: shared.list(
      'Virtual addresses with prefix length, all of one family. IPv6: the first is link-local (fe80::/10).',
      item('Address with prefix length, such as 10.99.0.100/24.'),
      [1, MAXIMUM_ADDRESSES],
      { examples: [['10.99.0.100/24'], ['fe80::100/64', '2001:db8::100/64']] },
    ),
    // RFC 9568 §5.2.7: 1 to 4095 centiseconds.
    advertisementIntervalMs: shared.number(
      'Advertisement_Interval: time between two advertisements, whole centiseconds.',
      [10, 40_950],
      { unit: 'milliseconds', multipleOf: 10, default: 1000 },
    ),
    primary: shared.text(
      'active-active only, and required there: the name of the instance that is to hold this virtual router; the same on all of them.',
      64,
      { examples: ['dallas-1'] },
    ),
    priority: own.number(
      `Base priority. Default: ${DEFAULT_PRIORITY.primary} on the primary, else ${DEFAULT_PRIORITY.other}. 255 is for the owner of the addresses only.`,
      [1, 255],
    ),
    preempt: shared.flag(
      'Preempt_Mode: take the role from an Active of lower priority. Default: ha.preempt.',
    ),
    checksum: shared.word(
      'IPv4 checksum dialect that is sent. auto: rfc9568 until an Active that sends the other dialect is heard, then that one. Both are always accepted.',
      ['auto', 'rfc9568', 'rfc5798'],
      { default: 'auto' },
    ),
    unicastPeers: own.list(
      'When not empty, advertisements go to these addresses instead of the multicast group.',
      item('Address without prefix length, such as 10.99.0.2.'),
      [0, 7],
      { default: [], examples: [['10.99.0.2']] },
    ),
    sources: shared.word(
      'Whose advertisements count. peers: those of ha.peers, as soon as each of them has been heard over the HA port, and of unicastPeers; what others send is counted and told, and moves no role.',
      ['any', 'peers'],
      { default: 'any' },
    ),
    signed: shared.word(
      'Experimental. Whether advertisements are signed (draft-cassen-vrrp-auth-hmac; keepalived from 2.4.2 on). receive: signatures are verified, none is sent. send: sent too; what has none is still heard. require: what has none is not heard. Go one step at a time, on all routers of the group.',
      ['off', 'receive', 'send', 'require'],
      { default: 'off' },
    ),
    acceptMode: shared.flag(
      'Accept_Mode: whether the Active accepts packets to the addresses. false: ARP, neighbor discovery and ICMP echo only, by rules of nftables that stand before the addresses do; the owner (priority 255) always accepts. That true is the default is a deviation from RFC 9568.',
      { default: true },
    ),
    virtualMac: shared.flag(
      'Whether the virtual router has its virtual MAC address 00-00-5E-00-01-{VRID} (RFC 9568 §7.3), on a macvlan of its own. false: the addresses stand on the interface and move with gratuitous ARP.',
      { default: false },
    ),
  },
  ['name', 'interface', 'vrid', 'addresses'],
);

/** Where metrics are written to; what they are: docs/MONITORING.md. */
const METRICS = standingSection(
  'Metrics for Prometheus. `understudy metrics` and GET /metrics on the control socket need no setting.',
  {
    textfile: own.path(
      'File that is written with all metrics, for the textfile collector of node_exporter. Absolute path, ending in .prom.',
      'textfile',
      { examples: ['/var/lib/prometheus/node-exporter/understudy.prom'] },
    ),
    intervalSeconds: own.number('Time between two writings of metrics.textfile.', [1, 3600], {
      unit: 'seconds',
      default: 15,
    }),
  },
);

/** How addresses are put on and taken off; how agent and executor are scheduled (src/agent/realtime.ts). */
const PROCESSES = {
  vip: standingSection('How addresses are put on and taken off.', {
    script: own.path(
      `Netlink script runner: reads ip -batch lines on stdin. Absolute path. Default: ${INSTALLED_VIP_SCRIPT} when it exists, else the one of this package.`,
      'program',
      { examples: ['/usr/local/lib/vip'] },
    ),
    leaseSeconds: shared.number(
      'How long the kernel keeps an address that nobody renews: what becomes of it when agent and executor die together. 2 at least; 0: for ever.',
      [0, 3600],
      { unit: 'seconds', default: 3 },
    ),
    timeoutSeconds: own.number(
      'After so long the script is killed, with all that it has started. More than 5 is for one that asks a cloud: while it runs no other address is put on or taken off here.',
      [1, 300],
      { unit: 'seconds', default: 5 },
    ),
  }),
  realtime: standingSection(
    'How the agent and its executor are scheduled. What the kernel does not grant is said in status.',
    {
      enabled: own.flag(
        'Run before all ordinary processes (SCHED_FIFO), with the program locked in memory, as far as the kernel allows.',
        { default: true },
      ),
      priority: own.number(
        'SCHED_FIFO priority of the agent; the executor has one more.',
        [1, 98],
        { default: 1 },
      ),
    },
  ),
};

export const SETTINGS_SCHEMA = section(
  'The settings of one appliance.',
  {
    name: own.text(
      'Name of this appliance; letters, digits, ".", "_" and "-". Default: the host name.',
      64,
      { examples: ['dallas-1'] },
    ),
    ha: HA,
    virtualRouters: shared.list(
      'The virtual routers of this appliance.',
      VIRTUAL_ROUTER,
      [1, 1024],
      {
        examples: [[{ name: 'lan', interface: 'eth0', vrid: 51, addresses: ['10.99.0.100/24'] }]],
      },
    ),
    bandwidthMonitoring: BANDWIDTH,
    linkMonitoring: LINKS,
    gatewayMonitoring: GATEWAYS,
    checks: shared.list('What else must work here.', CHECK, [0, 64], {
      default: [],
      examples: [
        [{ name: 'upcheck', type: 'http', url: 'http://127.0.0.1:9000/upcheck', weight: 20 }],
      ],
    }),
    bypass: BYPASS,
    witness: WITNESS,
    signing: SIGNING,
    hooks: HOOKS,
    ...PROCESSES,
    metrics: METRICS,
    console: CONSOLE,
    runtimeDirectory: own.path('Holds control.sock and status.json. Absolute path.', 'folder', {
      default: DEFAULT_RUNTIME_DIRECTORY,
    }),
    stateDirectory: own.path('Holds state.json and events.jsonl. Absolute path.', 'folder', {
      default: DEFAULT_STATE_DIRECTORY,
    }),
  },
  ['virtualRouters'],
);

/**
 * The settings file as the schema has accepted and completed it: plain values in the file's own units. What the rest
 * of the program sees is in settings.ts.
 */
export type SettingsFile = ValueOf<typeof SETTINGS_SCHEMA>;

/** The schema of the setting at `path` (list positions are any number), if there is one. */
export function schemaAt(path: readonly (string | number)[]): SettingSchema | undefined {
  let schema: SettingSchema | undefined = SETTINGS_SCHEMA;
  for (const part of path) {
    schema = typeof part === 'number' ? schema?.items : ownProperty(schema, part);
  }
  return schema;
}

function ownProperty(schema: SettingSchema | undefined, key: string): SettingSchema | undefined {
  if (schema?.properties !== undefined && Object.hasOwn(schema.properties, key)) {
    return schema.properties[key];
  }
  return schema?.additionalProperties === false ? undefined : schema?.additionalProperties;
}
