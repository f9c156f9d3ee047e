// Settings files with faults in what concerns the pair and what is monitored. See cases.ts.
import type { FaultyFile } from './cases.js';

const ROUTERS = `virtualRouters:
  - name: lan
    interface: eth0
    vrid: 51
    addresses: [10.99.0.100/24]
`;

/** A whole, valid file of an appliance called dallas-1, with `text` in it. */
const withText = (text: string): string => `name: dallas-1\n${text}\n${ROUTERS}`;

const withHa = (...lines: string[]): string =>
  withText(['ha:', ...lines.map((line) => `  ${line}`)].join('\n'));

const KEY = 'keyFile: /etc/understudy/ha.key';

const withPeers = (...peers: string[]): string =>
  withHa(KEY, 'peers:', ...peers.map((peer) => `  - ${peer}`));

const ENDPOINT = 'endpoints: [http://10.0.0.9:2379]';

const withWitness = (...lines: string[]): string =>
  withText(
    ['ha:', `  ${KEY}`, '  peers: [{ name: b, addresses: [10.98.0.2] }]', 'witness:']
      .concat(lines.map((line) => `  ${line}`))
      .join('\n'),
  );

const withCheck = (...lines: string[]): string =>
  withText(`checks:\n  - name: up\n${lines.map((line) => `    ${line}\n`).join('')}`.trimEnd());

export const FAULTY_PAIRS: readonly FaultyFile[] = [
  {
    title: 'advertisements that are signed, and no keys',
    text: withText('').replace('vrid: 51', 'vrid: 51\n    signed: receive'),
    errors: ['missing-setting virtualRouters[0].signed'],
  },
  {
    title: 'keys of signed advertisements that are no path, and a window without end',
    text: withText('signing: { keyFile: vrrp.keys, windowSeconds: 301 }'),
    errors: ['invalid-path signing.keyFile', 'out-of-range signing.windowSeconds'],
  },
  {
    title: 'a credential with the keys of signed advertisements that is no name',
    text: withText('signing: { keyFile: "credential:a/b" }'),
    errors: ['invalid-path signing.keyFile'],
  },
  {
    title: 'more IPv6 addresses than fit beside a signature',
    text: `signing: { keyFile: /k }
virtualRouters:
  - name: lan6
    interface: eth0
    vrid: 51
    signed: send
    addresses:
      - fe80::1/64
${Array.from({ length: 89 }, (_, index) => `      - 2001:db8::${(index + 1).toString(16)}/64`).join('\n')}
`,
    errors: ['too-many-addresses virtualRouters[0].addresses'],
  },
  {
    title: 'peers without a key',
    text: withHa('peers:', '  - { name: dallas-2, addresses: [10.98.0.2] }'),
    errors: ['missing-setting ha.keyFile'],
  },
  {
    title: 'a key that is no absolute path',
    text: withHa('keyFile: ha.key'),
    errors: ['invalid-path ha.keyFile'],
  },
  {
    title: 'a key that is a credential by no name that a unit could have',
    text: withHa('keyFile: "credential:../ha.key"'),
    errors: ['invalid-path ha.keyFile'],
  },
  {
    title: 'eight peers',
    text: withPeers(
      ...Array.from({ length: 8 }, (_, i) => `{ name: p${i}, addresses: [10.98.0.${i + 2}] }`),
    ),
    errors: ['out-of-range ha.peers'],
  },
  {
    title: 'peers without name, without address, with too many',
    text: withPeers(
      '{ addresses: [10.98.0.2] }',
      '{ name: b, addresses: [] }',
      `{ name: c, addresses: [${Array.from({ length: 9 }, (_, i) => `10.97.0.${i + 1}`).join(', ')}] }`,
    ),
    errors: [
      'missing-setting ha.peers[0].name',
      'out-of-range ha.peers[1].addresses',
      'out-of-range ha.peers[2].addresses',
    ],
  },
  {
    title: 'a peer with our own name, two with one name, one with none that can be',
    text: withPeers(
      '{ name: dallas-1, addresses: [10.98.0.2] }',
      '{ name: b, addresses: [10.98.0.3] }',
      '{ name: b, addresses: [10.98.0.4] }',
      '{ name: "two words", addresses: [10.98.0.5] }',
    ),
    errors: [
      'own-name ha.peers[0].name',
      'duplicate-name ha.peers[2].name',
      'invalid-name ha.peers[3].name',
    ],
  },
  {
    title: 'peer addresses that cannot be',
    text: withPeers(
      '{ name: b, addresses: [10.98.0.2, 10.99.0.100, 224.0.0.18, 127.0.0.1, 0.0.0.0, "fe80::2", "fe80::2%eth0", 10.98.0.2] }',
      '{ name: c, addresses: [10.98.0.2, 10.98.0.3/24, dallas-3, "fd00::3"] }',
    ),
    errors: [
      ...[1, 2, 3, 4, 5, 6, 7].map((index) => `invalid-peer ha.peers[0].addresses[${index}]`),
      ...[0, 1, 2].map((index) => `invalid-peer ha.peers[1].addresses[${index}]`),
    ],
  },
  {
    title: 'numbers of the pair out of range, and of the wrong type',
    text: withHa(
      'port: 0',
      'peerCheckIntervalMs: 5',
      'peerFailureThreshold: 0',
      'peerRecoveryThreshold: 256',
      'maximumFlaps: -1',
      'flapWindowSeconds: 15min',
      'preemptDelaySeconds: "30"',
    ),
    errors: [
      'out-of-range ha.port',
      'out-of-range ha.peerCheckIntervalMs',
      'out-of-range ha.peerFailureThreshold',
      'out-of-range ha.peerRecoveryThreshold',
      'out-of-range ha.maximumFlaps',
      'wrong-type ha.flapWindowSeconds',
      'wrong-type ha.preemptDelaySeconds',
    ],
  },
  {
    title: 'units of the pair missing or others',
    text: withHa(
      'peerCheckInterval: 100',
      'flapWindow: 900',
      'flapWindowMinutes: 15',
      'preemptDelayMs: 5000',
    ),
    errors: [
      'wrong-unit ha.peerCheckInterval',
      'wrong-unit ha.flapWindow',
      'wrong-unit ha.flapWindowMinutes',
      'wrong-unit ha.preemptDelayMs',
    ],
  },
  {
    title: 'settings of the pair at another place',
    text: withText('peers: []\nport: 7112\nminimumActive: 1'),
    errors: ['unknown-setting peers', 'unknown-setting port', 'unknown-setting minimumActive'],
  },
  {
    title: 'active-active without primaries, and with one that nobody is',
    text: `name: dallas-1
ha: { mode: active-active, ${KEY}, peers: [{ name: dallas-2, addresses: [10.98.0.2] }] }
${ROUTERS}  - { name: wan, interface: eth1, vrid: 52, addresses: [10.97.0.100/24], primary: dallas-3 }
`,
    errors: [
      'missing-setting virtualRouters[0].primary',
      'unknown-instance virtualRouters[1].primary',
    ],
  },
  {
    title: 'bandwidth monitoring without interfaces',
    text: withText('bandwidthMonitoring: { enabled: true, minimumBps: 0, seconds: 0 }'),
    errors: [
      'missing-setting bandwidthMonitoring.interfaces',
      'out-of-range bandwidthMonitoring.minimumBps',
      'out-of-range bandwidthMonitoring.seconds',
    ],
  },
  {
    title: 'bandwidth monitoring of one interface twice, and of one that cannot be',
    text: withText('bandwidthMonitoring: { interfaces: [eth1, "eth 2", eth1], minimum: 5 }'),
    errors: [
      'invalid-interface bandwidthMonitoring.interfaces[1]',
      'invalid-interface bandwidthMonitoring.interfaces[2]',
      'unknown-setting bandwidthMonitoring.minimum',
    ],
  },
  {
    title: 'links that are no pairs',
    text: withText(
      'linkMonitoring: { pairs: [eth1, [eth1], [eth1, eth2, eth3], [eth1, eth1], [eth1, "e/2"]] }',
    ),
    errors: [
      'wrong-type linkMonitoring.pairs[0]',
      'out-of-range linkMonitoring.pairs[1]',
      'out-of-range linkMonitoring.pairs[2]',
      'invalid-interface linkMonitoring.pairs[3][1]',
      'invalid-interface linkMonitoring.pairs[4][1]',
    ],
  },
  {
    title: 'a minimum of links that cannot be reached',
    text: withText(
      'linkMonitoring: { intervalMs: 5, pairs: [[eth1, eth2], [eth3, eth4]], minimumActive: 3 }',
    ),
    errors: [
      'out-of-range linkMonitoring.intervalMs',
      'contradiction linkMonitoring.minimumActive',
    ],
  },
  {
    title: 'gateways that cannot be',
    text: withText(
      'gatewayMonitoring: { addresses: [10.99.0.254/24, "fe80::1", 224.0.0.1, gw, 10.99.0.1, 10.99.0.1], failureThreshold: 0 }',
    ),
    errors: [
      ...[0, 1, 2, 3, 5].map((index) => `invalid-gateway gatewayMonitoring.addresses[${index}]`),
      'out-of-range gatewayMonitoring.failureThreshold',
    ],
  },
  {
    title: 'checks without name and type, and of a type nobody knows',
    text: withText('checks:\n  - { intervalMs: 1 }\n  - { name: b, type: icmp }'),
    errors: [
      'missing-setting checks[0].name',
      'missing-setting checks[0].type',
      'out-of-range checks[0].intervalMs',
      'out-of-range checks[1].type',
    ],
  },
  {
    title: 'checks without what their type needs',
    text: withText(
      'checks:\n  - { name: a, type: tcp }\n  - { name: b, type: http }\n  - { name: c, type: script }',
    ),
    errors: [
      'missing-setting checks[0].host',
      'missing-setting checks[0].port',
      'missing-setting checks[1].url',
      'missing-setting checks[2].command',
    ],
  },
  {
    title: 'a check with keys of other types',
    text: withCheck('type: tcp', 'host: a', 'port: 80', 'url: http://a/', 'command: [/a]'),
    errors: ['other-type checks[0].url', 'other-type checks[0].command'],
  },
  {
    title: 'a check with a key nobody knows',
    text: withCheck('type: tcp', 'host: a', 'port: 80', 'timeout: 2', 'wieght: 5'),
    errors: ['wrong-unit checks[0].timeout', 'unknown-setting checks[0].wieght'],
  },
  {
    title: 'names of checks that are taken',
    text: withText(
      'checks:\n  - { name: gateway, type: tcp, host: a, port: 1 }\n  - { name: b, type: tcp, host: a, port: 1 }\n  - { name: b, type: tcp, host: a, port: 2 }',
    ),
    errors: ['invalid-name checks[0].name', 'duplicate-name checks[2].name'],
  },
  {
    title: 'a check called as each of the other monitors, and as a cause of an adjustment',
    text: withText(
      `checks:\n${['gateway', 'bandwidth', 'links', 'address-lost']
        .map((name) => `  - { name: ${name}, type: tcp, host: a, port: 1 }`)
        .join('\n')}`,
    ),
    errors: [0, 1, 2, 3].map((index) => `invalid-name checks[${index}].name`),
  },
  ...['127.0.0.1/upcheck', 'ftp://a/', 'http://', 'http://a:b@c/'].map((url) => ({
    title: `a check of the URL ${url}`,
    text: withCheck('type: http', `url: "${url}"`),
    errors: ['invalid-url checks[0].url'],
  })),
  ...['10.99.0.300', '10.99.0.7/24', '10.99.0.7:5432', '10.0.7', 'a b'].map((host) => ({
    title: `a check of the host ${host}`,
    text: withCheck('type: tcp', 'port: 5432', `host: "${host}"`),
    errors: ['invalid-host checks[0].host'],
  })),
  {
    title: 'an http check whose expectations cannot be',
    text: withCheck(
      'type: http',
      'url: http://a/',
      'expectStatus: { minimum: 503 }',
      'expectHeader: { name: "X-Up: 1" }',
      'requestHeaders: { Host: "a\\nb", "b c": d, e: 1 }',
      'weight: 255',
    ),
    errors: [
      'contradiction checks[0].expectStatus',
      'invalid-header checks[0].expectHeader.name',
      'invalid-header checks[0].requestHeaders.Host',
      'invalid-header checks[0].requestHeaders.b c',
      'wrong-type checks[0].requestHeaders.e',
      'out-of-range checks[0].weight',
    ],
  },
  {
    title: 'a script by its name alone, and as one text',
    text: withText(
      'checks:\n  - { name: a, type: script, command: [upcheck] }\n  - { name: b, type: script, command: /bin/upcheck -x }',
    ),
    errors: ['invalid-path checks[0].command[0]', 'wrong-type checks[1].command'],
  },
  {
    title: 'a bypass without hook and segments',
    text: withText('bypass: {}'),
    errors: ['missing-setting bypass.hook', 'missing-setting bypass.segments'],
  },
  {
    title: 'a bypass whose settings cannot be',
    text: withText(
      'bypass: { hook: bin/bypass, segments: [a, -b, a], onStop: open }\nhooks: { transition: ./x, monitor: y }',
    ),
    errors: [
      'invalid-path bypass.hook',
      'invalid-name bypass.segments[1]',
      'duplicate-name bypass.segments[2]',
      'out-of-range bypass.onStop',
      'invalid-path hooks.transition',
      'invalid-path hooks.monitor',
    ],
  },
  {
    title: 'a witness whose endpoints are none of etcd, or stand twice',
    text: withWitness(
      'endpoints: ["10.0.0.9:2379", "https://10.0.0.9", "https://u:p@a:1", "http://a:2379/v3", "http://b:2379", "http://b:2379/"]',
    ),
    errors: [
      ...[0, 1, 2, 3].map((index) => `invalid-url witness.endpoints[${index}]`),
      'invalid-url witness.endpoints[5]',
    ],
  },
  {
    title: 'a witness without an endpoint, of another kind, with half of what belongs together',
    text: withWitness('type: consul', 'endpoints: []', 'user: a', 'privateKeyFile: etcd.key'),
    errors: [
      'missing-setting witness',
      'missing-setting witness',
      'out-of-range witness.type',
      'out-of-range witness.endpoints',
      'invalid-path witness.privateKeyFile',
    ],
  },
  {
    title: 'a lease that ends before the kernel has taken the addresses away',
    text: withWitness(ENDPOINT, 'ttlSeconds: 5', 'key: "a b"'),
    errors: ['out-of-range witness.ttlSeconds', 'invalid-name witness.key'],
  },
  {
    title: 'the same, with addresses that stay for longer',
    text: `${withWitness(ENDPOINT, 'ttlSeconds: 15')}vip: { leaseSeconds: 10 }\n`,
    errors: ['out-of-range witness.ttlSeconds'],
  },
  {
    title: 'a lease that is shorter than the checks of the peer allow',
    text: withWitness(ENDPOINT, 'ttlSeconds: 12').replace(
      'ha:',
      'ha:\n  peerCheckIntervalMs: 2000',
    ),
    errors: ['out-of-range witness.ttlSeconds'],
  },
  {
    title: 'a lease that is shorter than the advertisements allow',
    text: withWitness(ENDPOINT, 'ttlSeconds: 163').replace(
      'vrid:',
      'advertisementIntervalMs: 40950\n    vrid:',
    ),
    errors: ['out-of-range witness.ttlSeconds'],
  },
  {
    title: 'a witness, and addresses that stay for ever',
    text: `${withWitness(ENDPOINT)}vip: { leaseSeconds: 0 }\n`,
    errors: ['contradiction vip.leaseSeconds'],
  },
  {
    title: 'a witness without anybody to decide between',
    text: withText(`witness:\n  ${ENDPOINT}`),
    errors: ['contradiction witness'],
  },
  {
    title: 'a witness for virtual routers that move alone',
    text: withWitness(ENDPOINT)
      .replace('ha:', 'ha:\n  mode: active-active')
      .replace('vrid:', 'primary: dallas-1\n    vrid:'),
    errors: ['contradiction ha.mode'],
  },
];
