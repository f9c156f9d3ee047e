// Every fault of meaning that the settings can have, and every one of the file and its text: its code, what was
// expected, and what to do. Faults of form follow from the schema: see form.ts. No checks.
import type { Finding, SettingsError, SettingsErrorCode, SettingsPath } from './errors.js';

type Row = readonly [code: SettingsErrorCode, expected: string, remedy: string];

/** `<word>` stands for what the check knows. */
const FAULTS = {
  // The file and its text.
  noFile: [
    'missing-file',
    'the settings file <path>',
    'create it, or name another one with --config',
  ],
  unreadable: ['unreadable', 'the settings file <path>', '<remedy>'],
  replaced: [
    'needs-restart',
    'the program that this agent was started from, to read <path>',
    'when a peer is fit and sound: systemctl restart understudy',
  ],
  notAFile: [
    'not-a-file',
    'a settings file',
    'name the file itself, such as /etc/understudy/understudy.yaml',
  ],
  largeFile: ['too-large', 'at most <most> bytes', 'name the settings file; this cannot be it'],
  encoding: ['encoding', 'UTF-8 text', 'save the file as UTF-8'],
  moreErrors: [
    'more-errors',
    'at most <most> errors to tell',
    'correct these first; is it the settings file?',
  ],
  empty: [
    'empty',
    'settings in YAML, at least virtualRouters',
    'write the settings; docs/CONFIGURATION.md has an example to start from',
  ],
  halfWritten: ['half-written', 'text', 'restore the file from a backup, or write it anew'],
  tooDeep: [
    'too-deep',
    'settings nested at most <deepest> deep',
    'see what was written to this file; settings are four deep at most',
  ],
  manyAliases: [
    'too-large',
    'at most <most> aliases',
    'write the settings out instead of naming others by *alias',
  ],
  manyCopies: [
    'too-large',
    'aliases that stand for at most <most> values altogether',
    'write the settings out instead of naming others by *alias',
  ],
  syntax: ['syntax', 'YAML', '<remedy>'],
  brokenAlias: [
    'syntax',
    'anchors and aliases that can be resolved',
    'correct the alias (*name), or write its settings out',
  ],
  keyTwice: ['duplicate-key', 'every setting once', 'remove one of the two'],
  notEditable: [
    'not-editable',
    'a plain place in the file to write the setting to',
    'write <setting> into the file by hand, then: systemctl reload understudy',
  ],
  changedMeanwhile: [
    'changed-meanwhile',
    'the version of <path> that the changes were made for',
    'look at what differs, and make the changes again',
  ],
  notOnPage: [
    'not-settable',
    'a setting of the HA page, which names no program, no file and no secret',
    'change it in the file, then: understudy reload',
  ],
  notWritten: ['write-failed', 'to replace <path>', '<remedy>'],

  // Texts and paths.
  name: [
    'invalid-name',
    'letters, digits, ".", "_" and "-", beginning with a letter or digit',
    'give <whom> a plain name',
  ],
  nameTwice: ['duplicate-name', 'a name of its own for every <kind>', 'rename one of the two'],
  interface: [
    'invalid-interface',
    'an interface name of at most 15 bytes, without "/", ":" and white space',
    'write the name as "ip link" prints it',
  ],
  interfaceTwice: [
    'invalid-interface',
    'every interface once',
    'remove one of the two, or write the interface that was meant',
  ],
  path: ['invalid-path', 'an absolute path', 'write the whole path, beginning with "/"'],
  credential: [
    'invalid-path',
    'credential:NAME, of at most 255 letters, digits, ".", "_" and "-"',
    'write the name that LoadCredential= has in the unit, such as credential:ha.key',
  ],
  textfile: [
    'invalid-path',
    'a file whose name ends in ".prom": node_exporter reads no others',
    'write it as in /var/lib/prometheus/node-exporter/understudy.prom',
  ],
  socketPath: [
    'path-too-long',
    'at most <room> bytes: a unix socket path holds <longest>, "/control.sock" included',
    'choose a shorter directory, such as /run/understudy',
  ],
  lease: [
    'out-of-range',
    '0 (for ever), or 2 to 3600 seconds',
    'write 2 or more: the kernel counts whole seconds, and one renewal may come late',
  ],

  listen: [
    'invalid-address',
    'an address of this host and a port, or unix: and an absolute path',
    'write it as in 127.0.0.1:7180, [::1]:7180 or unix:/run/understudy-console/http.sock',
  ],
  openConsole: [
    'contradiction',
    'an address that only this host reaches, unless TLS protects the token',
    'add console.certificateFile and console.privateKeyFile, or behindProxy: true, or listen at 127.0.0.1',
  ],
  halfTls: [
    'missing-setting',
    'certificate and private key together',
    'add console.<missing>, or remove the other one',
  ],
  agentX: [
    'invalid-address',
    'where an SNMP daemon listens for subagents: unix: and an absolute path, or an address and a port',
    'write it as in unix:/var/agentx/master or 127.0.0.1:705',
  ],
  farAgentX: [
    'contradiction',
    'an SNMP daemon of this host: AgentX knows neither a key nor a password',
    'name a unix socket or a port of 127.0.0.1; other hosts ask the SNMP daemon',
  ],

  // Virtual routers.
  vridTwice: [
    'duplicate-vrid',
    'a VRID once per interface and address family',
    'give one of the two another VRID',
  ],
  virtualMacName: [
    'invalid-interface',
    'an interface that understudy does not make for a virtual MAC address',
    'write the name of the interface below it',
  ],
  virtualMacOfOwner: [
    'not-available',
    'no virtual MAC address for the owner of the addresses, whose interface answers with its own',
    'give it a priority below 255 and take its addresses off the interface, or remove virtualMac',
  ],
  virtualMacTwice: [
    'duplicate-vrid',
    'a VRID with virtualMac: true once per address family: both would be the interface <name>',
    'give one of the two another VRID, on all routers of its group',
  ],
  addressTwice: ['duplicate-address', 'every virtual address once', 'remove one of the two'],
  unfitAddress: [
    'invalid-address',
    'a unicast address that an interface can carry, with its prefix length',
    'write the address that clients use',
  ],
  noAddress: [
    'invalid-address',
    'an address with prefix length, such as 10.99.0.100/24 or 2001:db8::100/64',
    '<remedy>',
  ],
  noPrefix: [
    'missing-prefix',
    'an address with the prefix length of its subnet',
    'write <address>/<prefix>, if the subnet is a /<prefix>',
  ],
  otherFamily: [
    'mixed-families',
    'an <family> address, as the first one of this virtual router is',
    'move it to a virtual router of its own; the two families may share interface and VRID',
  ],
  linkLocalFirst: [
    'link-local-first',
    'a link-local address (fe80::/10) as the first of an IPv6 virtual router',
    'put <which> first<where>',
  ],
  manyAddresses: [
    'too-many-addresses',
    'at most <most> IPv6 addresses: no more fit into one advertisement at an MTU of 1500 bytes',
    'move some to another virtual router with a VRID of its own',
  ],
  unicastPeer: [
    'invalid-peer',
    'the <family>unicast address of another router, without prefix length',
    '<remedy>',
  ],

  // The pair.
  ownName: [
    'own-name',
    'the name of another appliance',
    'write the name of the peer, or give this appliance another one (name: …)',
  ],
  peerAddress: [
    'invalid-peer',
    "a unicast address of the peer's own, without prefix length, once",
    '<remedy>',
  ],
  noKey: [
    'missing-setting',
    'the path of the secret that the peers share',
    'add ha.keyFile: /etc/understudy/ha.key, then: understudy keygen, and copy the file to every peer',
  ],
  unknownPrimary: [
    'unknown-instance',
    'one of: <known>',
    'write the name of this appliance or of a peer, the same on all of them',
  ],
  noPrimary: [
    'missing-setting',
    'in active-active, the instance that is to hold this virtual router: one of <known>',
    'add <place>: <first>, the same on all appliances',
  ],
  segmentTwice: ['duplicate-name', 'every segment once', 'remove one of the two'],

  noSigningKey: [
    'missing-setting',
    'the path of the keys that advertisements are signed with',
    'add signing.keyFile: /etc/understudy/vrrp.keys, write a key into it ("1 " and 64 hexadecimal digits), and copy the file to every router of the group',
  ],

  // The witness.
  endpoint: [
    'invalid-url',
    'http:// or https://, host and port, and nothing behind them',
    'write it as in https://10.0.0.9:2379',
  ],
  endpointTwice: ['invalid-url', 'every endpoint once', 'remove one of the two'],
  witnessKey: [
    'invalid-name',
    'letters, digits, "/", ".", "_" and "-"',
    'write it as in /understudy/dallas',
  ],
  shortTtl: [
    'out-of-range',
    'at least <least> seconds with vip.leaseSeconds: <lease>. The kernel may keep the addresses of a host that hangs for <lease>.6 s after they were last renewed, the witness is asked once in a sixth of the ttl and may take as long for its answer, and two clocks may run 1 % apart: the addresses must be gone by then',
    'write <least> or more, or a lower vip.leaseSeconds',
  ],
  hastyTtl: [
    'out-of-range',
    'at least <least> seconds: six checks of the peer (ha.peerCheckIntervalMs) and 1 s, since an answer to one is as good as the lease, and four advertisement intervals, since nobody asks for the lease before the Active has been silent for as long',
    'write <least> or more, or shorter intervals',
  ],
  endlessLease: [
    'contradiction',
    'an end to the addresses of a host that hangs (vip.leaseSeconds), since its lease ends and another takes the role',
    'set vip.leaseSeconds: 3, or remove witness',
  ],
  lonelyWitness: [
    'contradiction',
    'peers: a witness decides which of them may be Active',
    'add ha.peers, or remove witness',
  ],
  partedWitness: [
    'contradiction',
    'the mode active-passive: there is one lease for all virtual routers of the group',
    'set ha.mode: active-passive, or remove witness',
  ],
  halfWitness: [
    'missing-setting',
    'witness.<missing> together with witness.<other>',
    'add witness.<missing>, or remove witness.<other>',
  ],

  // What is monitored.
  noInterfaces: [
    'missing-setting',
    'the interfaces whose traffic is judged',
    'add bandwidthMonitoring.interfaces: [eth1], or set enabled: false',
  ],
  minimumActive: [
    'contradiction',
    'at most <pairs>, as many as there are pairs',
    'lower linkMonitoring.minimumActive, or add the missing pairs',
  ],
  gateway: [
    'invalid-gateway',
    'the unicast address of a gateway, without prefix length, once',
    '<remedy>',
  ],

  // Checks.
  takenName: [
    'invalid-name',
    'another name than <taken>, which mean something else already',
    'rename it, such as <name>-check',
  ],
  otherType: [
    'other-type',
    'no <key>: this check is of type <type>, which has <keys>',
    'remove <key>, or write type: <other>',
  ],
  noKeyOfType: [
    'missing-setting',
    '<key>, which a check of type <type> needs',
    'add <place>, such as <key>: <example>',
  ],
  host: ['invalid-host', 'a host name, or an address without prefix length and port', '<remedy>'],
  url: ['invalid-url', 'an http:// or https:// URL with a host', '<remedy>'],
  statuses: [
    'contradiction',
    'a minimum that is not above the maximum (200 and 299 unless set)',
    'write expectStatus: { minimum: <minimum>, maximum: <minimum> }',
  ],
  headerName: [
    'invalid-header',
    'the name of an HTTP header, without colon and white space',
    'write the name alone, such as Host',
  ],
  headerValue: [
    'invalid-header',
    'one line of Latin-1 text as the value of a header',
    'remove line ends and other characters',
  ],
} as const satisfies Readonly<Record<string, Row>>;

export type Fault = keyof typeof FAULTS;

type WordsIn<Text> = Text extends `${string}<${infer Word}>${infer Rest}`
  ? Word | WordsIn<Rest>
  : never;

type WordsOf<F extends Fault> = WordsIn<(typeof FAULTS)[F][1 | 2]>;

/** The fault at `at`, with the words that its row leaves open. */
export const fault = <F extends Fault>(
  kind: F,
  at: SettingsPath,
  found: string,
  ...[words]: [WordsOf<F>] extends [never] ? [] : [Readonly<Record<WordsOf<F>, string | number>>]
): Finding => finding(kind, at, found, words ?? {});

function finding(
  kind: Fault,
  at: SettingsPath,
  found: string,
  words: Readonly<Record<string, string | number>>,
): Finding {
  const [code, expected, remedy] = FAULTS[kind];
  const filled = (text: string): string =>
    text.replace(/<(\w+)>/g, (_, word: string) => String(words[word]));
  return { at, code, expected: filled(expected), found, remedy: filled(remedy) };
}

/** The fault as an error, where no setting's place has to be looked up. `place`: line and column, if known. */
export function refusal<F extends Fault>(
  kind: F,
  found: string,
  words: Readonly<Record<WordsOf<F>, string | number>>,
  place: Partial<Pick<SettingsError, 'path' | 'line' | 'column'>> = {},
): SettingsError {
  const { at: _, ...error } = finding(kind, [], found, words);
  return { path: '', ...place, ...error };
}
