// What does not fit between settings and a host, on hosts that are made up. That check and agent say the same
// of real ones: same-words.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { parseSettings } from '../../src/config/load.js';
import {
  ABSENT,
  type FileFacts,
  type HostFacts,
  type LinkKind,
  type StandingAddress,
} from '../../src/host/facts.js';
import { hostFindings } from '../../src/host/findings.js';
import { parseAddressWithPrefix } from '../../src/model/address.js';

const standing = (name: string, text: string): StandingAddress => {
  const address = parseAddressWithPrefix(text);
  assert.ok(address);
  return { interface: name, ...address };
};

const file = (change: Partial<FileFacts> = {}): FileFacts => ({
  ...ABSENT,
  kind: 'file',
  mode: 0o755,
  ...change,
});
const folder = (change: Partial<FileFacts> = {}): FileFacts => file({ kind: 'folder', ...change });

const BASE: readonly (readonly [string, FileFacts])[] = [
  ['/', folder()],
  ['/vip', file()],
  ['/bin/sh', file()],
  ['/k', file({ mode: 0o600 })],
  ['/hook', file()],
  ['/s', folder()],
];

const HOST: HostFacts = {
  agent: { uid: 0, gids: new Set([0]) },
  links: new Map([
    ['lo', 'loopback'],
    ['eth0', 'ethernet'],
    ['eth1', 'ethernet'],
    ['wg0', 'no-mac'],
  ]),
  addresses: [
    standing('eth0', '10.99.0.1/24'),
    standing('eth1', '10.98.0.1/24'),
    standing('wg0', '10.7.0.1/24'),
  ],
  files: new Map(BASE),
  keyProblems: new Map(),
};

const withFile = (path: string, facts: FileFacts, change: Partial<HostFacts> = {}): HostFacts => ({
  ...HOST,
  ...change,
  files: new Map([...BASE, [path, facts]]),
});

/** Each as `level path: message`. */
function found(text: string, host: Partial<HostFacts> = {}): string[] {
  const result = parseSettings(
    `vip: { script: /vip }\nruntimeDirectory: /s\nstateDirectory: /s\n${text}`,
    'test',
  );
  assert.ok(result.ok, JSON.stringify(result));
  return hostFindings(result.settings, { ...HOST, ...host }).map(
    ({ path, level, message }) => `${level} ${path}: ${message}`,
  );
}

const withRouter = (addresses: string, rest = '', name = 'eth0'): string =>
  `virtualRouters: [{ name: lan, interface: ${name}, vrid: 51, addresses: [${addresses}] }]\n${rest}`;

const PEER = 'ha: { keyFile: /k, peers: [{ name: b, addresses: [10.98.0.2, 10.99.0.2] }] }';
const HOOK = withRouter('10.99.0.100/24', 'hooks: { transition: /hook }');
const user = { uid: 997, gids: new Set([998, 999]) };

describe('what does not fit on a host', () => {
  it('nothing where everything is there', () => {
    assert.deepEqual(found(withRouter('10.99.0.100/24', PEER)), []);
  });

  it('acceptMode: false without nft', () => {
    const closed = withRouter('10.99.0.100/24', PEER).replace(
      'vrid: 51',
      'vrid: 51, acceptMode: false',
    );
    assert.deepEqual(found(closed), []);
    assert.deepEqual(found(closed, { lacksNft: true }), [
      'missing virtualRouters[0].acceptMode: expected nft, found none; with acceptMode: false no address is added without it: install nftables',
    ]);
    assert.deepEqual(found(withRouter('10.99.0.100/24', PEER), { lacksNft: true }), []);
  });

  it('a program that was replaced while it runs', () => {
    assert.deepEqual(found(withRouter('10.99.0.100/24', PEER), { programReplaced: true }), [
      'missing needs-restart: another program was installed, and this agent goes on with the former one; when a peer is fit and sound: systemctl restart understudy',
    ]);
    assert.deepEqual(found(withRouter('10.99.0.100/24', PEER), { programReplaced: false }), []);
  });

  it('an interface that is not there', () => {
    assert.deepEqual(
      found(
        withRouter(
          '10.99.0.100/24',
          'gatewayMonitoring: { addresses: [10.99.0.254], interface: eth2 }',
        ),
      ),
      [
        'advice gatewayMonitoring.interface: there is no interface eth2 on this host now; no gateway can be asked',
      ],
    );
    assert.deepEqual(found(withRouter('10.99.0.100/24', '', 'eth9'), { links: null }), []);
  });

  it('an interface without a MAC address', () => {
    assert.deepEqual(found(withRouter('10.7.0.100/24', '', 'wg0')), [
      'advice virtualRouters[0].interface: wg0 has no MAC address (tun, WireGuard, PPP): nothing can be announced on it, so clients must route to it',
    ]);
  });

  it('an interface on which nobody hears or finds a router', () => {
    const says = (host: Partial<HostFacts>, rest = ''): string[] =>
      found(
        `virtualRouters: [{ name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24]${rest} }]`,
        host,
      );
    const eth0 = (kind: LinkKind): Partial<HostFacts> => ({ links: new Map([['eth0', kind]]) });
    const at = 'advice virtualRouters[0].interface: eth0';
    assert.deepEqual(says(eth0('loopback')), [
      `${at} is the loopback: no other router hears an advertisement on it, and none comes from there`,
    ]);
    assert.deepEqual(says(eth0('no-arp')), [
      `${at} has ARP switched off: nobody finds an address on it; ip link set eth0 arp on`,
    ]);
    const noMulticast = new Set(['eth0']);
    assert.deepEqual(says({ noMulticast }), [
      `${at} carries no multicast: advertisements may reach nobody; ip link set eth0 multicast on, or list unicastPeers`,
    ]);
    assert.deepEqual(says({ noMulticast }, ', unicastPeers: [10.99.0.2]'), []);
  });

  it('an interface without an address to advertise from', () => {
    const says = (addresses: string, standingThere: readonly string[], rest = ''): string[] =>
      found(
        `virtualRouters: [{ name: lan, interface: eth0, vrid: 51, addresses: [${addresses}]${rest} }]`,
        { addresses: standingThere.map((one) => standing('eth0', one)) },
      );
    const at = 'advice virtualRouters[0].interface: eth0';
    assert.deepEqual(says('10.99.0.100/24', ['10.99.0.100/24', '2001:db8::1/64']), [
      `${at} has no IPv4 address of its own to advertise from`,
    ]);
    const six = 'fe80::100/64, "2001:db8::100/64"';
    assert.deepEqual(says(six, ['2001:db8::1/64']), [
      `${at} has no IPv6 link-local address of its own to advertise from: it is down, IPv6 is disabled there (sysctl net.ipv6.conf.eth0.disable_ipv6), or its MTU is below 1280`,
    ]);
    assert.deepEqual(says(six, ['fe80::1/64']), []);
    const far = ', unicastPeers: ["2001:db8::2"]';
    assert.deepEqual(says(six, ['fe80::1/64'], far), [
      `${at} has no IPv6 address of its own, other than link-local ones, to reach unicastPeers from`,
    ]);
    assert.deepEqual(says(six, ['2001:db8::1/64'], far), []);
  });

  it("a key that the agent cannot use, in the agent's words; missing and wrong", () => {
    const keyProblems = new Map([['/k', '/k: expected 64 hexadecimal digits, found 32']]);
    const text = withRouter('10.99.0.100/24', PEER);
    assert.deepEqual(found(text, { keyProblems }), [
      'wrong ha.keyFile: /k: expected 64 hexadecimal digits, found 32',
    ]);
    assert.deepEqual(found(text, withFile('/k', ABSENT, { keyProblems })), [
      'missing ha.keyFile: /k: expected 64 hexadecimal digits, found 32',
    ]);
  });

  it('a credential: not seen from here, not given, or no key; whose it is, is no matter', () => {
    const text = withRouter('10.99.0.100/24', PEER.replace('/k', 'credential:k'));
    const of = (facts: FileFacts, problem?: string): string[] =>
      found(text, {
        ...withFile('credential:k', facts, { agent: user, files: new Map() }),
        keyProblems: new Map(problem === undefined ? [] : [['credential:k', problem]]),
      }).filter((one) => one.includes('ha.keyFile'));
    const unknown = { ...ABSENT, kind: 'unknown' as const };
    assert.deepEqual(of(unknown, 'not seen'), ['advice ha.keyFile: not seen']);
    assert.deepEqual(of(ABSENT, 'not given'), ['missing ha.keyFile: not given']);
    assert.deepEqual(of(file({ mode: 0o440 }), 'no key'), ['wrong ha.keyFile: no key']);
    assert.deepEqual(of(file({ mode: 0o440 })), []);
  });

  it("whose a key must be: the agent's, or its group's", () => {
    const says = (change: Partial<FileFacts>): number =>
      found(
        withRouter('10.99.0.100/24', PEER),
        withFile('/k', file(change), { agent: user, files: new Map() }),
      ).filter((one) => one.includes('cannot read it')).length;
    assert.equal(says({ uid: 997, gid: 0, mode: 0o600 }), 0);
    assert.equal(says({ uid: 0, gid: 0, mode: 0o600 }), 1);
    assert.equal(says({ uid: 0, gid: 999, mode: 0o640 }), 0);
    assert.equal(says({ uid: 0, gid: 999, mode: 0o600 }), 1);
    assert.equal(says({ uid: 0, gid: 5, mode: 0o640 }), 1);
    assert.deepEqual(
      found(
        withRouter('10.99.0.100/24', PEER),
        withFile('/k', file({ mode: 0o600 }), { agent: null }),
      ),
      [],
      'where the user cannot be told',
    );
  });

  it('a program that is not there, none, not executable, or behind a closed folder', () => {
    const said = (facts: FileFacts, agent = HOST.agent): string[] =>
      found(HOOK, withFile('/hook', facts, { agent }));
    assert.deepEqual(said(ABSENT), [
      'missing hooks.transition: /hook: expected a program, found none; it could not be told anything: install it, or correct the path',
    ]);
    assert.deepEqual(said(folder()), [
      'wrong hooks.transition: /hook: expected a program, found a folder; it could not be told anything: name the file itself',
    ]);
    assert.deepEqual(said(file({ mode: 0o644 })), [
      'wrong hooks.transition: /hook: expected a program, found one of mode 0644 that is not executable; it could not be told anything: "chmod +x /hook"',
    ]);
    const alone = withFile('/hook', file({ mode: 0o700 }), { agent: { ...user, uid: 5 } });
    assert.match(found(HOOK, alone)[0] ?? '', /mode 0700 that is not executable/);
    const deep = withRouter('10.99.0.100/24', 'hooks: { transition: /d/hook }');
    const host = {
      agent: user,
      files: new Map([...BASE, ['/s', folder({ uid: 997 })], ['/d/hook', file()]] as const),
    };
    const closed = { ...host, files: new Map([...host.files, ['/d', folder({ mode: 0o700 })]]) };
    assert.deepEqual(found(deep, closed), [
      'wrong hooks.transition: /d/hook: expected a program, found it in /d, which is closed to the agent; it could not be told anything: "chmod o+x /d"',
    ]);
  });

  it('a script whose interpreter is not there, or whose lines end as in Windows', () => {
    const said = (firstLine: string): string[] =>
      found(HOOK, withFile('/hook', file({ firstLine })));
    assert.deepEqual(said('#!/bin/sh -e'), []);
    assert.deepEqual(said('#! /bin/sh'), []);
    assert.deepEqual(said('\u007fELF'), []);
    assert.deepEqual(said('#!/opt/none'), [
      'wrong hooks.transition: /hook: expected a program, found a script for "/opt/none", which is not there; it could not be told anything: install it, or correct the first line',
    ]);
    assert.match(said('#!/bin/sh\r')[0] ?? '', /"\/bin\/sh\\r".*line ends of Unix/);
  });

  it("a program that somebody else than root may write, where the agent is root's", () => {
    const said = (change: Partial<FileFacts>, agent = HOST.agent): string[] =>
      found(HOOK, withFile('/hook', file(change), { agent }));
    assert.match(said({ uid: 1000 })[0] ?? '', /^advice hooks\.transition: .*user 1000 may write/);
    assert.match(said({ mode: 0o757 })[0] ?? '', /^advice .* found mode 0757: "chmod o-w \/hook"$/);
  });

  it('a folder that is a file, or another one’s; a control socket that is none', () => {
    const text = withRouter('10.99.0.100/24');
    const files = (path: string, facts: FileFacts): Partial<HostFacts> => withFile(path, facts);
    assert.equal(found(text, files('/s', file())).length, 2, 'runtimeDirectory and stateDirectory');
    assert.match(
      found(text, files('/s', file()))[0] ?? '',
      /^wrong .*expected a folder .* a file;/,
    );
    assert.deepEqual(found(text, files('/s', ABSENT)), [], 'made at the start');
    const foreign = withFile('/s', folder({ uid: 5, gid: 5 }), { agent: user });
    assert.match(found(text, foreign)[0] ?? '', /found one of user 5, group 5, mode 0755/);
    assert.deepEqual(found(text, files('/s/control.sock', file({ kind: 'socket' }))), []);
    assert.deepEqual(found(text, files('/s/control.sock', folder())), [
      'wrong runtimeDirectory: /s/control.sock: expected the control socket or nothing, found a folder; the agent could not start: remove it, or set another runtimeDirectory',
    ]);
  });

  it('a folder of the metrics that is not there, none, or one that the agent may not write in', () => {
    const text = withRouter('10.99.0.100/24', 'metrics: { textfile: /m/u.prom }');
    const said = (facts: FileFacts, more: Partial<HostFacts> = {}): string[] =>
      found(text, withFile('/m', facts, more));
    assert.deepEqual(said(ABSENT), [
      'missing metrics.textfile: /m/u.prom: expected a folder that the agent may write in, found no /m; metrics are not written: make it',
    ]);
    assert.match(said(file())[0] ?? '', /^wrong .*found a file;.*name a file in a folder$/);
    assert.match(
      said(folder({ uid: 5, gid: 5 }), { agent: user })[0] ?? '',
      /^wrong .*found one of user 5, group 5, mode 0755; .*chmod g\+w/,
    );
    assert.deepEqual(said(folder({ uid: 5, gid: 5 })), [], 'root writes anywhere');
    const inPlace = withFile('/m/u.prom', folder());
    const both = { ...inPlace, files: new Map([...(inPlace.files ?? []), ['/m', folder()]]) };
    assert.match(found(text, both)[0] ?? '', /^wrong .*a folder in place of the file/);
  });

  it('files of a witness: not there, none, not to be read by the agent, a secret that others may read', () => {
    const found1 = (key: string, facts: FileFacts, more: Partial<HostFacts> = {}): string[] =>
      found(
        withRouter(
          '10.99.0.100/24',
          `ha: { peers: [{ name: b, addresses: [10.98.0.2, 10.99.0.2] }], keyFile: "credential:k" }\nwitness: { endpoints: ["http://10.0.0.9:2379"], ${key} }`,
        ),
        withFile('/w', facts, more),
      ).filter((text) => text.includes('witness.'));
    const ca = (...rest: [FileFacts, Partial<HostFacts>?]): string[] =>
      found1('caFile: /w', ...rest);
    assert.deepEqual(ca(file()), []);
    assert.deepEqual(ca({ ...ABSENT, kind: 'unknown' }), []);
    assert.match(ca(ABSENT)[0] ?? '', /^missing witness\.caFile: \/w: .* found none; /);
    assert.match(ca(folder())[0] ?? '', /^wrong .* found a folder; .*name the file itself$/);
    const hidden = file({ uid: 5, gid: 5, mode: 0o640 });
    assert.match(ca(hidden, { agent: user })[0] ?? '', /^wrong .* found one of user 5, group 5/);
    assert.deepEqual(ca(hidden), [], 'root reads all');
    assert.deepEqual(ca(hidden, { agent: null }), [], 'whose agent it is cannot be told');
    const password = (mode: number): string[] =>
      found1('user: u, passwordFile: /w', file({ mode }));
    assert.deepEqual(password(0o640), []);
    assert.match(password(0o644)[0] ?? '', /^wrong .*expected mode 0600 or 0640, found 0644/);
  });

  it('a virtual address in no subnet of its interface, and one with a longer prefix', () => {
    const said = (address: string, host?: Partial<HostFacts>): string[] =>
      found(withRouter(address), host);
    assert.deepEqual(said('10.9.0.100/24'), [
      'advice virtualRouters[0].addresses[0]: 10.9.0.100 is in no subnet that eth0 has: hosts on that link will not look for it there; correct the address or the interface',
    ]);
    assert.deepEqual(said('10.99.0.200/32'), []);
    const edge = { addresses: [standing('eth0', '10.99.0.1/23')] };
    assert.deepEqual(said('10.99.1.100/23', edge), []);
    assert.deepEqual(said('10.99.1.100/24', edge), [
      'advice virtualRouters[0].addresses[0]: 10.99.1.100/24 has a longer prefix than eth0 has (/23): the kernel sends from it while it stands; write /23',
    ]);
    assert.equal(said('10.99.2.100/24', edge).length, 1);
  });

  it('a virtual address that stands already, and that no agent has put there', () => {
    const addresses = [
      standing('eth0', '10.99.0.1/24'),
      standing('eth0', '10.99.0.100/24'),
      standing('eth1', '10.99.0.100/32'),
    ];
    const none = { addresses, recorded: new Set<string>() };
    assert.deepEqual(found(withRouter('10.99.0.100/24'), none), [
      "advice virtualRouters[0].addresses[0]: 10.99.0.100/24 stands on eth0 already, and no agent has put it there: it stays whatever the role; if it is this appliance's own, give it priority 255 here, else: ip address del 10.99.0.100/24 dev eth0",
      'advice virtualRouters[0].addresses[0]: 10.99.0.100/32 stands on eth1 already, and no agent has put it there: it stays, and that interface answers for it whatever the role',
    ]);
    const recorded = new Set(['eth0 10.99.0.100/24', 'eth1 10.99.0.100/32']);
    assert.deepEqual(found(withRouter('10.99.0.100/24'), { addresses, recorded }), []);
    assert.deepEqual(
      found(withRouter('10.99.0.100/24'), { addresses }),
      [],
      'an agent knows better',
    );
    const owner =
      'virtualRouters: [{ name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.1/24], priority: 255 }]';
    assert.deepEqual(found(owner, none), [], 'the owner has it');
  });

  it('nothing of subnets where the interface has none: not yet, loopback, lone addresses, itself', () => {
    for (const address of ['127.0.0.1/8', '10.1.0.1/32', '10.9.0.100/24', 'fe80::1/64']) {
      const host = { addresses: [standing('eth0', address)] };
      const says = found(withRouter('10.9.0.100/24'), host);
      assert.deepEqual(
        says.filter((one) => !one.includes('no IPv4 address of its own')),
        [],
        address,
      );
    }
    const six = { addresses: [standing('eth0', '2001:db8::1/64'), standing('eth0', 'fe80::1/64')] };
    assert.deepEqual(found(withRouter('fe80::33/64, 2001:db8::100/64'), six), []);
    assert.equal(found(withRouter('fe80::33/64, 2001:db8:1::100/64'), six).length, 1);
  });

  it('what stands is looked through once, however many virtual routers stand there', () => {
    let reads = 0;
    const counted = (text: string): StandingAddress => {
      const { address, ...rest } = standing('eth0', text);
      return {
        ...rest,
        get address() {
          reads += 1;
          return address;
        },
      };
    };
    const readsOf = (count: number): number => {
      const hosts = Array.from({ length: count }, (_, index) => index + 1);
      const routers = hosts.map(
        (at) => `{ name: v${at}, interface: eth0, vrid: ${at}, addresses: [10.99.1.${at}/16] }`,
      );
      const addresses = hosts.map((at) => counted(`10.99.1.${at}/16`));
      reads = 0;
      found(`virtualRouters: [${routers.join(', ')}]`, { addresses, recorded: new Set() });
      return reads;
    };
    const few = readsOf(10);
    assert.ok(few > 0);
    assert.ok(readsOf(200) <= 20 * few, `${readsOf(200)} reads of 200 addresses, ${few} of 10`);
  });

  it('our own address as a peer or a gateway, and a single path', () => {
    const rest = `ha: { keyFile: /k, peers: [{ name: b, addresses: [10.98.0.1] }] }
gatewayMonitoring: { addresses: [10.99.0.1] }`;
    assert.deepEqual(found(withRouter('10.99.0.100/24', rest)), [
      "advice ha.peers[0].addresses[0]: 10.98.0.1 is an address of this host; write the peer's own",
      'advice gatewayMonitoring.addresses[0]: 10.99.0.1 is an address of this host; write that of a gateway',
      'advice ha.peers[0].addresses: there is one path to b; with a second one, a failed link is told from a dead peer',
    ]);
  });
});
