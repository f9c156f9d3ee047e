// scripts/connections with the real nft and ip in a network namespace of its own: what it sets, takes away
// and shows, and what it says when something is missing. How connections fare is in test/net.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from '../support/test.js';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../scripts/connections.js', import.meta.url));
const CHECK = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const UNSHARE = ['--user', '--map-root-user', '--net', '--mount'];
const PATH = `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`;

const skip: string | false =
  spawnSync('unshare', [...UNSHARE, 'nft', 'list', 'ruleset'], { env: { PATH } }).status === 0
    ? false
    : 'needs nft, and user and network namespaces (unshare --user --map-root-user --net)';

const PEER = { name: 'b', addresses: ['10.98.0.2', '10.99.0.2', '2001:db8:99::2'] };
const LAN = { name: 'lan', interface: 'eth0', vrid: 51, addresses: ['10.99.0.100/24'] };
const LAN6 = { ...LAN, name: 'lan6', addresses: ['fe80::64/64', '2001:db8:99::100/64'] };

const settings = (
  routers: readonly object[],
  peers: readonly object[] = [PEER],
  ha = {},
): string => {
  const key = peers.length === 0 ? {} : { keyFile: '/nowhere/ha.key' };
  return JSON.stringify({
    name: 'a',
    ha: { mode: 'active-passive', ...key, peers, ...ha },
    virtualRouters: routers,
  });
};

/** What stands there: our routes, the rules, what ARP was told. */
const STATE = `ip -4 route show table local proto 112 2>/dev/null || true
  ip -6 route show table local proto 112
  nft list ruleset; cat /proc/sys/net/ipv4/conf/eth0/arp_ignore /proc/sys/net/ipv4/conf/eth0/arp_announce`;

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script in which `connections` is the program, beside eth0 and the files given. */
function sandbox(
  script: string,
  files: Readonly<Record<string, string>> = {},
  environment: Readonly<Record<string, string>> = {},
): Outcome {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-connections-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const lines = `connections() { '${process.execPath}' '${PROGRAM}' "$@"; }
      cd '${folder}'
      ip link add eth0 type veth peer name other && ip link set eth0 up && ip link set lo up || exit 99
      PATH=$TEST_PATH
      ${script}`;
    const { status, stdout, stderr } = spawnSync('unshare', [...UNSHARE, 'sh', '-c', lines], {
      encoding: 'utf8',
      env: { PATH, TEST_PATH: PATH, ...environment },
    });
    return { code: status, stdout, stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const PAIR = { 'pair.yaml': settings([LAN, LAN6]) };
const parts = (text: string): string[] => text.split('--\n');

describe('what it sets', { skip }, () => {
  test('on twice is on once; off, and off twice, take all away', () => {
    const { code, stdout, stderr } = sandbox(
      `set -e; state() { ${STATE}; }
      state; echo --
      connections off; state; echo --
      connections on --config pair.yaml; state; echo --
      connections on --config pair.yaml; state; echo --
      connections off; state; echo --
      connections off; state`,
      PAIR,
    );
    assert.deepEqual([code, stderr], [0, '']);
    const [clean = '', untouched, once = '', twice, off, offTwice] = parts(stdout);
    assert.equal(untouched, clean);
    assert.match(
      once,
      /^local 10\.99\.0\.100 dev lo .*metric 1000 *\nlocal 2001:db8:99::100 dev lo .*metric 1000/,
    );
    assert.doesNotMatch(once, /fe80::64/, 'a link-local address is nobody else than the router');
    assert.match(once, /table ip understudy_connections[^]*dup to 10\.99\.0\.2 device "eth0" drop/);
    assert.match(
      once,
      /table ip6 understudy_connections[^]*dup to 2001:db8:99::2 device "eth0" drop/,
    );
    assert.equal(
      once.match(/icmp(v6)? type .* ether saddr != @peers dup to/g)?.length,
      2,
      'what the peer was given it does not give back',
    );
    assert.match(once, /\n1\n2\n$/);
    assert.equal(twice, once);
    assert.equal(off, '1\n2\n', 'ARP stays as it is');
    assert.equal(offTwice, off);
  });

  test('show, run as a script, makes what on makes; twice, too', () => {
    const { code, stdout, stderr } = sandbox(
      `set -e; state() { ${STATE}; }
      connections on --config pair.yaml; state; echo --
      connections off
      connections show --config pair.yaml | sh -eu; state; echo --
      connections show --config pair.yaml | sh -eu; state`,
      PAIR,
    );
    assert.deepEqual([code, stderr], [0, '']);
    const [made, shown, again] = parts(stdout);
    assert.equal(shown, made);
    assert.equal(again, made);
  });

  test('with a virtual MAC address: what comes in by its macvlan counts as what comes in by the interface', () => {
    const mac = { virtualMac: true };
    const second = { ...LAN, ...mac, name: 'second', vrid: 52, addresses: ['10.99.0.101/24'] };
    const { code, stdout, stderr } = sandbox(
      `set -e
      connections on --config mac.yaml; nft list ruleset`,
      { 'mac.yaml': settings([{ ...LAN, ...mac }, second, { ...LAN6, ...mac }]) },
    );
    assert.deepEqual([code, stderr], [0, '']);
    const rules = stdout.replaceAll(/\s+/g, ' ');
    const [four = '', six = ''] = rules.split('table ip6 ');
    assert.match(
      four,
      /udp dport 7112 iifname "eth0" ip saddr .* update @under0 \{ meta protocol /,
    );
    assert.match(four, /iifname \{ "us51v4", "us52v4" \} meta protocol != @under0 return/);
    assert.match(four, /iifname != \{ "us51v4", "us52v4" \} iifname != @heard return/);
    assert.match(
      four,
      /iifname \{ "eth0", "us51v4", "us52v4" \} ip daddr \{ 10\.99\.0\.100, 10\.99\.0\.101 \} [^{}]* dup to 10\.99\.0\.2 device "eth0" drop/,
    );
    assert.match(six, /iifname \{ "eth0", "us51v6" \} ip6 daddr 2001:db8:99::100 /);
  });

  test('other settings replace what stands, routes too; off needs no settings', () => {
    const router = { ...LAN, addresses: ['10.99.0.101/24'] };
    const { code, stdout, stderr } = sandbox(
      `set -e; state() { ${STATE}; }
      connections on --config other.yaml; state; echo --
      connections off; connections on --config pair.yaml
      ip route add local 10.99.0.200 dev lo table local metric 1000
      connections on --config other.yaml; state; ip route show table local proto boot; echo --
      rm *.yaml
      connections off; ip -4 route show table local proto 112; nft list ruleset`,
      { ...PAIR, 'other.yaml': settings([router]) },
    );
    assert.deepEqual([code, stderr], [0, '']);
    const [fresh = '', replaced, left] = parts(stdout);
    assert.match(fresh, /10\.99\.0\.101/);
    assert.doesNotMatch(fresh, /10\.99\.0\.100|2001:/);
    assert.equal(replaced, `${fresh}local 10.99.0.200 dev lo scope host metric 1000 \n`);
    assert.equal(left, '');
  });

  test('off where the kernel has no table of routes yet', () => {
    const { code, stdout, stderr } = sandbox(
      `unshare --net '${process.execPath}' '${PROGRAM}' off`,
    );
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
  });

  test('who was heard is not forgotten when the rules are replaced', () => {
    const { code, stdout, stderr } = sandbox(
      `set -e
      connections on --config pair.yaml
      nft add element ip understudy_connections heard '{ "eth0" timeout 60s }'
      connections on --config pair.yaml
      nft list set ip understudy_connections heard`,
      PAIR,
    );
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /elements = \{ "eth0" timeout 1m/);
  });

  test('routers of one interface share their rules; what ARP was told more strictly stays', () => {
    const second = { ...LAN, name: 'lan2', vrid: 52, addresses: ['10.99.0.101/24'] };
    const { code, stdout } = sandbox(
      `set -e
      echo 2 >/proc/sys/net/ipv4/conf/eth0/arp_ignore
      connections on --config two.yaml; ${STATE}`,
      { 'two.yaml': settings([LAN, second], [PEER], { peerCheckIntervalMs: 2000 }) },
    );
    assert.equal(code, 0);
    assert.match(stdout, /socket wildcard 1 dup to/);
    assert.equal(stdout.match(/socket wildcard 1/g)?.length, 1);
    assert.match(stdout, /timeout 6s/, 'three checks');
    assert.match(stdout, /\n2\n2\n$/);
  });
});

describe('what it refuses', { skip }, () => {
  const refused = (
    what: string,
    script: string,
    code: number,
    complaint: RegExp,
    files = {},
  ): void => {
    test(what, () => {
      const found = sandbox(
        `${script}; code=$?; nft list ruleset; ip -4 route show table local proto 112 2>/dev/null; exit $code`,
        {
          ...PAIR,
          ...files,
        },
      );
      assert.deepEqual([found.code, found.stdout], [code, ''], found.stderr);
      assert.match(found.stderr, complaint);
      assert.doesNotMatch(found.stderr, /^ +at /m, 'a sentence, not a stack');
    });
  };
  const on = (file: string): string => `connections on --config ${file}`;

  refused('no word', 'connections', 2, /on, off or show expected, found nothing\nusage: /);
  refused('another word', 'connections up', 2, /on, off or show expected, found up\nusage: /);
  refused('two words', 'connections on off', 2, /on, off or show expected, found on off\n/);
  refused('an unknown option', 'connections on --force', 2, /--force[^]*usage: /);
  refused('no settings file', on('none.yaml'), 2, /none\.yaml[^]*no such file/);
  refused('no peer', on('x'), 1, /ha\.peers: exactly one peer expected, found 0/, {
    x: settings([LAN], []),
  });
  refused('two peers', on('x'), 1, /ha\.peers: exactly one peer expected, found 2/, {
    x: settings([LAN], [PEER, { name: 'c', addresses: ['10.99.0.3'] }]),
  });
  refused(
    'a peer that has no address beside the virtual ones',
    on('x'),
    1,
    /an address of b in the subnet of lan expected, found 10\.98\.0\.2; add its own address on eth0/,
    { x: settings([LAN], [{ name: 'b', addresses: ['10.98.0.2'] }]) },
  );
  refused(
    'an interface that is not there',
    on('x'),
    1,
    /the interface eth7 of the settings expected, found none of that name/,
    { x: settings([LAN, { ...LAN6, interface: 'eth7' }]) },
  );
  refused(
    'an interface whose name nft would take for others, too',
    `ip link add et* type dummy; ${on('x')}`,
    1,
    /lan: an interface name of letters, .* expected, found "et\*"; rename the interface/,
    { x: settings([{ ...LAN, interface: 'et*' }]) },
  );
  refused(
    'a container, whose /proc/sys is read-only',
    `mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys; ${on('pair.yaml')}`,
    1,
    /eth0\/arp_ignore: at least 1 expected, found 0, and it cannot be written \(EROFS\): make it/,
  );
  for (const [name, packageName] of [
    ['nft', 'nftables'],
    ['ip', 'iproute2'],
  ] as const) {
    const rest = name === 'nft' ? 'ip' : 'nft';
    refused(
      `no ${name}`,
      `mkdir bin; ln -s "$(command -v ${rest})" bin/; PATH=$PWD/bin ${on('pair.yaml')}`,
      1,
      new RegExp(`the command ${name} expected, found none: install ${packageName}`),
    );
  }
  refused(
    'an ordinary user',
    `setpriv --bounding-set -net_admin --inh-caps -net_admin '${process.execPath}' '${PROGRAM}' on --config pair.yaml`,
    1,
    /root or CAP_NET_ADMIN expected, found user 0 \(\w+\) without it: run it with sudo/,
  );

  test('an invalid file: exit code 2, and what understudy check says', () => {
    const { code, stderr, stdout } = sandbox(
      `connections on --config "$PWD/x"; code=$?; '${process.execPath}' '${CHECK}' check --config x 2>&1; exit $code`,
      { x: settings([{ ...LAN, vrid: 999, adresses: [] }]) },
    );
    assert.equal(code, 2);
    const told = stderr.trim();
    assert.ok(told.length > 0 && stdout.startsWith(told), `${stderr} and ${stdout}`);
    assert.match(told, /vrid[^]*adresses|adresses[^]*vrid/);
  });
});
