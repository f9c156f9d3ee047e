// Settings files with faults, and the codes of the errors each must give. Their exact text stands
// in errors.golden.txt.

const ROUTER = `  - name: lan
    interface: eth0
    vrid: 51
`;

/** A whole file whose one virtual router has these addresses. */
const withAddresses = (...addresses: string[]): string =>
  `virtualRouters:\n${ROUTER}    addresses: [${addresses.map((a) => JSON.stringify(a)).join(', ')}]\n`;

/** A whole, valid file, with `lines` added to its virtual router. */
const withRouterLines = (...lines: string[]): string =>
  `${withAddresses('10.99.0.100/24')}${lines.map((line) => `    ${line}\n`).join('')}`;

/** A whole, valid file, with `text` before its virtual routers. */
const withTop = (text: string): string => `${text}\n${withAddresses('10.99.0.100/24')}`;

export interface FaultyFile {
  readonly title: string;
  readonly text: string;
  /** `code path` of every error, in order. */
  readonly errors: readonly string[];
}

export const FAULTY_FILES: readonly FaultyFile[] = [
  { title: 'empty file', text: '', errors: ['empty '] },
  { title: 'white space only', text: ' \n\n', errors: ['empty '] },
  { title: 'comments only', text: '# nothing yet\n', errors: ['empty '] },
  {
    title: 'half-written: the file ends within a key',
    text: 'virtualRouters:\n  - name: lan\n    interf',
    errors: ['syntax '],
  },
  {
    title: 'half-written: the file ends between two settings',
    text: 'virtualRouters:\n  - name: lan\n    interface: eth0\n',
    errors: [
      'missing-setting virtualRouters[0].vrid',
      'missing-setting virtualRouters[0].addresses',
    ],
  },
  {
    title: 'half-written: zeros after a power cut',
    text: 'name: a\n\0\0\0\0',
    errors: ['half-written '],
  },
  { title: 'a list at the top', text: '- name: lan\n', errors: ['wrong-type '] },
  { title: 'a sentence', text: 'hello\n', errors: ['wrong-type '] },
  {
    title: 'a keepalived.conf',
    text: 'vrrp_instance lan {\n  state MASTER\n  interface eth0\n}\n',
    errors: ['wrong-type '],
  },
  {
    title: 'a mistyped name, which leaves missing what was meant',
    text: withAddresses('10.99.0.100/24').replace('virtualRouters', 'virtualrouters'),
    errors: ['unknown-setting virtualrouters'],
  },
  {
    title: 'two addresses without a comma',
    text: withAddresses('10.99.0.100/24 10.99.0.101/24'),
    errors: ['invalid-address virtualRouters[0].addresses[0]'],
  },
  { title: 'syntax: a bracket left open', text: 'ha: [1, 2\nname: x\n', errors: ['syntax '] },
  { title: 'syntax: a tab', text: 'ha:\n\tmode: off\n', errors: ['syntax '] },
  {
    title: 'syntax: a tab, and what follows from it',
    text: 'name: dallas-1\nha:\n\tmode: off\n  primary: true\n  preempt: false\n',
    errors: ['syntax '],
  },
  { title: 'two documents', text: 'name: a\n---\nname: b\n', errors: ['syntax '] },
  { title: 'an alias without anchor', text: withTop('name: *nobody'), errors: ['syntax '] },
  {
    title: 'duplicate keys',
    text: withTop('name: a\nname: b\nha:\n  mode: off\n  mode: active-passive'),
    errors: ['duplicate-key name', 'duplicate-key ha.mode'],
  },
  { title: 'an empty section', text: withTop('ha:'), errors: ['wrong-type ha'] },
  {
    title: 'a console at no place to listen at',
    text: withTop('console: { listen: 10.0.0.1 }'),
    errors: ['invalid-address console.listen'],
  },
  {
    title: 'a console that others reach without TLS',
    text: withTop('console: { listen: "[2001:db8::1]:7180" }'),
    errors: ['contradiction console.listen'],
  },
  {
    title: 'an SNMP daemon at no place to listen at',
    text: withTop('console: { agentX: /var/agentx/master }'),
    errors: ['invalid-address console.agentX'],
  },
  {
    title: 'an SNMP daemon of another host',
    text: withTop('console: { agentX: "10.0.0.1:705" }'),
    errors: ['contradiction console.agentX'],
  },
  {
    title: 'a console with half of TLS, and a token file without its whole path',
    text: withTop('console: { listen: 0.0.0.0:7180, certificateFile: /c, tokenFile: token }'),
    errors: ['missing-setting console', 'invalid-path console.tokenFile'],
  },
  {
    title: 'no virtual routers',
    text: 'virtualRouters: []\n',
    errors: ['out-of-range virtualRouters'],
  },
  {
    title: 'virtualRouters missing',
    text: 'name: a\n',
    errors: ['missing-setting virtualRouters'],
  },
  {
    title: 'unknown keys, near to known ones and not',
    text: withTop('mode: off\nha: { primry: true }\nnmae: a\ncolour: red'),
    errors: [
      'unknown-setting mode',
      'unknown-setting ha.primry',
      'unknown-setting nmae',
      'unknown-setting colour',
    ],
  },
  {
    title: "another program's words",
    text: withRouterLines('virtual_router_id: 51', 'unicast_peer: []', '__proto__: 1'),
    errors: [
      'unknown-setting virtualRouters[0].virtual_router_id',
      'unknown-setting virtualRouters[0].unicast_peer',
      'unknown-setting virtualRouters[0].__proto__',
    ],
  },
  {
    title: 'the unit is missing or another one',
    text: withRouterLines(
      'advertisementInterval: 1',
      'advertisementIntervalSec: 2',
      'advertisementIntervalCs: 100',
      'advert_int: 1',
    ),
    errors: [
      'wrong-unit virtualRouters[0].advertisementInterval',
      'wrong-unit virtualRouters[0].advertisementIntervalSec',
      'wrong-unit virtualRouters[0].advertisementIntervalCs',
      'wrong-unit virtualRouters[0].advert_int',
    ],
  },
  {
    title: 'the interval in seconds',
    text: withRouterLines('advertisementIntervalMs: 1'),
    errors: ['out-of-range virtualRouters[0].advertisementIntervalMs'],
  },
  {
    title: 'the interval as text with a unit',
    text: withRouterLines('advertisementIntervalMs: "1s"'),
    errors: ['wrong-type virtualRouters[0].advertisementIntervalMs'],
  },
  {
    title: 'the interval under a shorter name, as text with a unit',
    text: withRouterLines('intervalMs: "1s"'),
    errors: ['wrong-unit virtualRouters[0].intervalMs'],
  },
  {
    title: 'the interval in quotes',
    text: withRouterLines('advertisementIntervalMs: "1000"'),
    errors: ['wrong-type virtualRouters[0].advertisementIntervalMs'],
  },
  {
    title: 'an interval between two centiseconds',
    text: withRouterLines('advertisementIntervalMs: 1005'),
    errors: ['out-of-range virtualRouters[0].advertisementIntervalMs'],
  },
  {
    title: 'too long an interval',
    text: withRouterLines('advertisementIntervalMs: 40960'),
    errors: ['out-of-range virtualRouters[0].advertisementIntervalMs'],
  },
  {
    title: 'no interval at all',
    text: withRouterLines('advertisementIntervalMs: 0'),
    errors: ['out-of-range virtualRouters[0].advertisementIntervalMs'],
  },
  {
    title: 'booleans as words, numbers and text',
    text: withTop('ha: { primary: yes, preempt: "off" }'),
    errors: ['wrong-type ha.primary', 'wrong-type ha.preempt'],
  },
  {
    title: 'a mode nobody knows',
    text: withTop('ha: { mode: auto }'),
    errors: ['out-of-range ha.mode'],
  },
  {
    title: 'priority 0',
    text: withRouterLines('priority: 0'),
    errors: ['out-of-range virtualRouters[0].priority'],
  },
  {
    title: 'priority 256',
    text: withRouterLines('priority: 256'),
    errors: ['out-of-range virtualRouters[0].priority'],
  },
  {
    title: 'VRID out of range and of the wrong type',
    text: 'virtualRouters:\n  - { name: a, interface: eth0, vrid: 256, addresses: [10.0.0.1/24] }\n  - { name: b, interface: eth0, vrid: [1], addresses: [10.0.0.2/24] }\n',
    errors: ['out-of-range virtualRouters[0].vrid', 'wrong-type virtualRouters[1].vrid'],
  },
  {
    title: 'an address without prefix length',
    text: withAddresses('10.99.0.100', '10.99.0.101/24'),
    errors: ['missing-prefix virtualRouters[0].addresses[0]'],
  },
  {
    title: 'an IPv6 address without prefix length',
    text: withAddresses('fe80::1'),
    errors: ['missing-prefix virtualRouters[0].addresses[0]'],
  },
  {
    title: 'texts that are no addresses',
    text: withAddresses('10.99.0.256/24', '10.99.0.1/33', '10.99.0.1/255.255.255.0', 'lan/24'),
    errors: [0, 1, 2, 3].map((index) => `invalid-address virtualRouters[0].addresses[${index}]`),
  },
  {
    title: 'addresses no interface can carry',
    text: withAddresses(
      '0.0.0.0/8',
      '127.0.0.1/8',
      '224.0.0.18/24',
      '255.255.255.255/32',
      '0.1.2.3/24',
      '10.99.0.0/24',
      '10.99.0.255/24',
      '10.99.0.1/0',
    ),
    errors: [0, 1, 2, 3, 4, 5, 6, 7].map(
      (index) => `invalid-address virtualRouters[0].addresses[${index}]`,
    ),
  },
  {
    title: 'IPv6 addresses no interface can carry',
    text: withAddresses('fe80::1/64', '::/64', '::1/128', 'ff02::12/64', '::ffff:10.0.0.1/96'),
    errors: [1, 2, 3, 4].map((index) => `invalid-address virtualRouters[0].addresses[${index}]`),
  },
  {
    title: 'two families in one virtual router',
    text: withAddresses('10.99.0.100/24', 'fe80::1/64', '2001:db8::1/64'),
    errors: [
      'mixed-families virtualRouters[0].addresses[1]',
      'mixed-families virtualRouters[0].addresses[2]',
    ],
  },
  {
    title: 'IPv6 whose link-local address is not the first',
    text: withAddresses('2001:db8::100/64', 'fe80::33/64'),
    errors: ['link-local-first virtualRouters[0].addresses[0]'],
  },
  {
    title: 'IPv6 without link-local address',
    text: withAddresses('2001:db8::100/64'),
    errors: ['link-local-first virtualRouters[0].addresses[0]'],
  },
  {
    title: 'the same address twice, in two spellings',
    text: withAddresses('fe80::1/64', 'FE80:0::1/64'),
    errors: ['duplicate-address virtualRouters[0].addresses[1]'],
  },
  {
    title: 'same name, VRID and address in two virtual routers',
    text: `${withAddresses('10.99.0.100/24')}${ROUTER}    addresses: [10.99.0.100/25]\n`,
    errors: [
      'duplicate-name virtualRouters[1].name',
      'duplicate-vrid virtualRouters[1].vrid',
      'duplicate-address virtualRouters[1].addresses[0]',
    ],
  },
  {
    title: '256 addresses',
    text: withAddresses(
      ...Array.from({ length: 256 }, (_, i) => `10.9.${i >> 7}.${(i & 127) + 1}/16`),
    ),
    errors: ['out-of-range virtualRouters[0].addresses'],
  },
  {
    title: '91 IPv6 addresses',
    text: withAddresses(
      ...Array.from({ length: 91 }, (_, i) => `fe80::${(i + 1).toString(16)}/64`),
    ),
    errors: ['too-many-addresses virtualRouters[0].addresses'],
  },
  {
    title: 'interface names the kernel cannot have',
    text: `virtualRouters:\n${[
      'a-sixteen-bytes',
      'enp0s31f6-lan-1x',
      'eth0/1',
      'eth 0',
      'eth0:1',
      '..',
    ]
      .map(
        (name, i) =>
          `  - { name: r${i}, interface: "${name}", vrid: 1, addresses: [10.0.${i}.1/24] }\n`,
      )
      .join('')}`,
    errors: [
      'out-of-range virtualRouters[1].interface',
      ...[2, 3, 4, 5].map((index) => `invalid-interface virtualRouters[${index}].interface`),
    ],
  },
  {
    title: 'names that are none',
    text: withTop('name: "two words"'),
    errors: ['invalid-name name'],
  },
  {
    title: 'relative paths',
    text: withTop('runtimeDirectory: run\nstateDirectory: ./state\nvip: { script: vip }'),
    errors: [
      'invalid-path runtimeDirectory',
      'invalid-path stateDirectory',
      'invalid-path vip.script',
    ],
  },
  {
    title: 'a lease of one second',
    text: withTop('vip: { leaseSeconds: 1 }'),
    errors: ['out-of-range vip.leaseSeconds'],
  },
  {
    title: 'a script that may take longer than a stop of the service',
    text: withTop('vip: { timeoutSeconds: 301 }'),
    errors: ['out-of-range vip.timeoutSeconds'],
  },
  {
    title: 'a lease of more than an hour',
    text: withTop('vip: { leaseSeconds: 3601 }'),
    errors: ['out-of-range vip.leaseSeconds'],
  },
  {
    title: 'a runtime directory too long for a unix socket',
    text: withTop(`runtimeDirectory: /${'r'.repeat(94)}`),
    errors: ['path-too-long runtimeDirectory'],
  },
  {
    title: 'metrics that node_exporter would not read, or without a whole path',
    text: withTop('metrics: { textfile: /var/lib/metrics.txt, intervalSeconds: 0 }'),
    errors: ['invalid-path metrics.textfile', 'out-of-range metrics.intervalSeconds'],
  },
  {
    title: 'a relative file of metrics',
    text: withTop('metrics: { textfile: metrics.prom }'),
    errors: ['invalid-path metrics.textfile'],
  },
  {
    title: 'unicast peers that cannot be',
    text: withRouterLines(
      'unicastPeers: [10.99.0.2/24, 10.99.0.100, 224.0.0.18, "fe80::2", 10.99.0.3, 10.99.0.3, x]',
    ),
    errors: [0, 1, 2, 3, 5, 6].map(
      (index) => `invalid-peer virtualRouters[0].unicastPeers[${index}]`,
    ),
  },
  {
    title: 'unicast peers of two reaches, which no single source reaches',
    text: `virtualRouters:
  - { name: a, interface: eth0, vrid: 1, addresses: ["fe80::100/64"], unicastPeers: ["fe80::2", "2001:db8::2", "fe80::3"] }
  - { name: b, interface: eth0, vrid: 2, addresses: ["fe80::200/64"], unicastPeers: ["2001:db8::2", "2001:db8::3", "fe80::2"] }
`,
    errors: [
      'invalid-peer virtualRouters[0].unicastPeers[1]',
      'invalid-peer virtualRouters[1].unicastPeers[2]',
    ],
  },
  {
    title: 'a unicast peer that is the virtual address of another virtual router',
    text: `virtualRouters:
  - { name: a, interface: eth0, vrid: 1, addresses: [10.99.0.100/24], unicastPeers: [10.99.0.200] }
  - { name: b, interface: eth0, vrid: 2, addresses: [10.99.0.200/24] }
`,
    errors: ['invalid-peer virtualRouters[0].unicastPeers[0]'],
  },
  {
    title: 'virtual MAC addresses: of the owner, of one VRID twice, on a macvlan of ours',
    text: `virtualRouters:
  - { name: a, interface: eth0, vrid: 1, addresses: [10.99.0.100/24], virtualMac: true, priority: 255 }
  - { name: b, interface: eth1, vrid: 1, addresses: [10.99.1.100/24], virtualMac: true }
  - { name: c, interface: us7v4, vrid: 2, addresses: [10.99.2.100/24] }
`,
    errors: [
      'not-available virtualRouters[0].virtualMac',
      'duplicate-vrid virtualRouters[1].vrid',
      'invalid-interface virtualRouters[2].interface',
    ],
  },
  {
    title: 'faults of form and meaning in one file, all told at once',
    text: `name: "a b"
ha: { mode: of }
virtualRouters:
  - name: lan
    interface: eth0
    vrid: 0
    addresses: [10.99.0.100, 10.99.0.100/24, 10.99.0.100/24]
  - interface: eth0
    vrid: 1
    addresses: 10.99.0.101/24
`,
    errors: [
      'invalid-name name',
      'out-of-range ha.mode',
      'out-of-range virtualRouters[0].vrid',
      'missing-prefix virtualRouters[0].addresses[0]',
      'duplicate-address virtualRouters[0].addresses[2]',
      'missing-setting virtualRouters[1].name',
      'wrong-type virtualRouters[1].addresses',
    ],
  },
];
