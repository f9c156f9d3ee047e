// Loading a settings file: what good ones become, and files that cannot be read at all.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from '../support/test.js';
import { turn } from '../support/limits.js';
import { PACKAGE_VIP_SCRIPT, type Host } from '../../src/config/defaults.js';
import { loadSettings, parseSettings, LARGEST_FILE_BYTES } from '../../src/config/load.js';
import { leastTtlSeconds } from '../../src/config/witness-checks.js';
import type { Settings } from '../../src/config/settings.js';

const bareHost: Host = { hostName: () => 'box-1', fileExists: () => false };
const installedHost: Host = { hostName: () => 'box-1', fileExists: () => true };

const SMALLEST = `virtualRouters:
  - { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24] }
`;

function settingsOf(text: string, host = bareHost): Settings {
  const result = parseSettings(text, 'understudy.yaml', host);
  assert.ok(result.ok, JSON.stringify(result));
  return result.settings;
}

const HA_DEFAULTS = {
  mode: 'active-passive',
  primary: false,
  preempt: true,
  preemptDelay: 0,
  port: 7112,
  keyFile: null,
  peers: [],
  peerCheckInterval: 100,
  peerFailureThreshold: 3,
  peerRecoveryThreshold: 5,
  maximumFlaps: 3,
  flapWindow: 900_000,
  sync: 'offer',
};
const NOTHING_MONITORED = {
  monitors: { gateway: null, bandwidth: null, links: null, checks: [] },
  bypass: null,
  witness: null,
  signing: { keyFile: null, windowSeconds: 5 },
  hooks: { transition: null, monitor: null, beforeActive: null, beforeActiveTimeout: 300 },
};
describe('settings', () => {
  it('fills in every default', () => {
    assert.deepEqual(settingsOf(SMALLEST), {
      name: 'box-1',
      ha: HA_DEFAULTS,
      ...NOTHING_MONITORED,
      virtualRouters: [
        {
          name: 'lan',
          interface: 'eth0',
          vrid: 51,
          family: 'ipv4',
          addresses: [{ address: '10.99.0.100', prefixLength: 24 }],
          advertisementInterval: 100,
          priority: 100,
          preempt: true,
          checksum: 'auto',
          sources: 'any',
          signed: 'off',
          acceptMode: true,
          virtualMac: false,
          unicastPeers: [],
        },
      ],
      vip: { script: PACKAGE_VIP_SCRIPT, leaseSeconds: 3, timeoutSeconds: 5 },
      realtime: { enabled: true, priority: 1 },
      metrics: { textfile: null, interval: 15_000 },
      console: {
        listen: { kind: 'tcp', host: '127.0.0.1', port: 7180, loopback: true },
        tokenFile: '/var/lib/understudy-console/token',
        agentX: null,
        tls: null,
        behindProxy: false,
        names: [],
        metrics: false,
      },
      runtimeDirectory: '/run/understudy',
      stateDirectory: '/var/lib/understudy',
    });
  });

  it('takes everything that is set, IPv6 in canonical text, interval in centiseconds', () => {
    const settings = settingsOf(`
name: dallas-1
ha: { mode: off, primary: true, preempt: false }
virtualRouters:
  - name: lan6
    interface: a-fifteen-bytes
    vrid: 255
    addresses: ["FE80::0033/64", "2001:DB8:0::100/64"]
    advertisementIntervalMs: 40950
    priority: 255
    preempt: true
    checksum: rfc5798
    unicastPeers: ["FE80::2"]
    acceptMode: false
    virtualMac: false
vip: { script: /opt/vip, leaseSeconds: 0, timeoutSeconds: 90 }
realtime: { enabled: false, priority: 40 }
metrics: { textfile: /m/u.prom, intervalSeconds: 1 }
console:
  listen: '[2001:DB8::1]:443'
  tokenFile: /t
  certificateFile: /c
  privateKeyFile: /k
  names: [a.example]
  metrics: true
  agentX: 'localhost:705'
runtimeDirectory: /run/u
stateDirectory: /var/u
`);
    assert.deepEqual(settings, {
      name: 'dallas-1',
      ha: { ...HA_DEFAULTS, mode: 'off', primary: true, preempt: false },
      ...NOTHING_MONITORED,
      virtualRouters: [
        {
          name: 'lan6',
          interface: 'a-fifteen-bytes',
          vrid: 255,
          family: 'ipv6',
          addresses: [
            { address: 'fe80::33', prefixLength: 64 },
            { address: '2001:db8::100', prefixLength: 64 },
          ],
          advertisementInterval: 4095,
          priority: 255,
          preempt: true,
          checksum: 'rfc5798',
          sources: 'any',
          signed: 'off',
          acceptMode: true,
          virtualMac: false,
          unicastPeers: ['fe80::2'],
        },
      ],
      vip: { script: '/opt/vip', leaseSeconds: 0, timeoutSeconds: 90 },
      realtime: { enabled: false, priority: 40 },
      metrics: { textfile: '/m/u.prom', interval: 1_000 },
      console: {
        listen: { kind: 'tcp', host: '2001:db8::1', port: 443, loopback: false },
        tokenFile: '/t',
        agentX: { kind: 'tcp', host: '127.0.0.1', port: 705, loopback: true },
        tls: { certificateFile: '/c', privateKeyFile: '/k' },
        behindProxy: false,
        names: ['a.example'],
        metrics: true,
      },
      runtimeDirectory: '/run/u',
      stateDirectory: '/var/u',
    });
  });

  it('asks a witness as often as the lease of the addresses needs, unless a longer time is set', () => {
    const group = 'ha: { keyFile: /k, peers: [{ name: b, addresses: [10.98.0.2] }] }';
    const witness = (lease: number, more = ''): unknown =>
      settingsOf(
        `${group}\nvip: { leaseSeconds: ${lease} }\nwitness: { endpoints: ["http://10.0.0.9:2379"]${more} }\n${SMALLEST}`,
      ).witness;
    assert.deepEqual(witness(3), {
      type: 'etcd',
      endpoints: ['http://10.0.0.9:2379'],
      key: '/understudy',
      ttlSeconds: 6,
      caFile: null,
      certificateFile: null,
      privateKeyFile: null,
      user: null,
      passwordFile: null,
    });
    assert.deepEqual(
      [2, 3, 4, 10, 60].map(leastTtlSeconds),
      // (leaseSeconds + 0.6) / (0.99 - 1/3), rounded up.
      [4, 6, 8, 17, 93],
    );
    const slow = group.replace('{ keyFile', '{ peerCheckIntervalMs: 2000, keyFile');
    const paced = `${slow}\nwitness: { endpoints: ["http://10.0.0.9:2379"] }\n${SMALLEST}`;
    // Six checks and 1 s.
    assert.equal(settingsOf(paced).witness?.ttlSeconds, 13);
    const all =
      ', ttlSeconds: 20, key: /k, caFile: /a, certificateFile: /c, privateKeyFile: /p, user: u, passwordFile: /w';
    assert.deepEqual(witness(10, all), {
      type: 'etcd',
      endpoints: ['http://10.0.0.9:2379'],
      key: '/k',
      ttlSeconds: 20,
      caFile: '/a',
      certificateFile: '/c',
      privateKeyFile: '/p',
      user: 'u',
      passwordFile: '/w',
    });
  });

  it('takes the priority that is set, else 200 on the primary, else 100', () => {
    const priority = (text: string): number | undefined =>
      settingsOf(text).virtualRouters[0]?.priority;
    assert.equal(priority(`ha: { primary: true }\n${SMALLEST}`), 200);
    assert.equal(priority(`ha: { primary: false }\n${SMALLEST}`), 100);
    assert.equal(
      priority(`ha: { primary: true }\n${SMALLEST.replace('vrid: 51', 'vrid: 51, priority: 7')}`),
      7,
    );
  });

  it('takes Preempt_Mode from ha where a virtual router has none of its own', () => {
    assert.equal(
      settingsOf(`ha: { preempt: false }\n${SMALLEST}`).virtualRouters[0]?.preempt,
      false,
    );
  });

  it('uses the installed vip script when there is one', () => {
    assert.equal(settingsOf(SMALLEST, installedHost).vip.script, '/usr/lib/understudy/vip');
    assert.match(PACKAGE_VIP_SCRIPT, /\/scripts\/vip$/);
    assert.doesNotMatch(PACKAGE_VIP_SCRIPT, /\/dist\//);
  });

  it('reads JSON, anchors, aliases and merge keys, Windows line ends and a byte order mark', () => {
    const json = JSON.stringify({
      virtualRouters: [{ name: 'lan', interface: 'e', vrid: 1, addresses: ['10.0.0.1/24'] }],
    });
    assert.equal(settingsOf(json).virtualRouters[0]?.name, 'lan');
    const merged = settingsOf(`virtualRouters:
  - &lan { name: a, interface: eth0, vrid: 1, addresses: [10.0.0.1/24], priority: 9 }
  - { <<: *lan, name: b, vrid: 2, addresses: [10.0.0.2/24] }
`);
    assert.deepEqual(
      merged.virtualRouters.map(({ name, vrid, priority }) => [name, vrid, priority]),
      [
        ['a', 1, 9],
        ['b', 2, 9],
      ],
    );
    assert.equal(settingsOf(`\uFEFF${SMALLEST.replaceAll('\n', '\r\n')}`).virtualRouters.length, 1);
  });

  it('allows the same VRID for two families and on two interfaces, and a link-local address twice', () => {
    const settings = settingsOf(`virtualRouters:
  - { name: a, interface: eth0, vrid: 1, addresses: [10.0.0.1/24] }
  - { name: b, interface: eth0, vrid: 1, addresses: [fe80::1/64] }
  - { name: c, interface: eth1, vrid: 1, addresses: [fe80::1/64] }
`);
    assert.equal(settings.virtualRouters.length, 3);
  });

  it('takes 255 IPv4 and 90 IPv6 addresses, a /31, a /32 and the longest runtime directory', () => {
    const many = (count: number, address: (index: number) => string): string =>
      JSON.stringify(Array.from({ length: count }, (_, index) => address(index)));
    const settings = settingsOf(`runtimeDirectory: /${'r'.repeat(93)}
virtualRouters:
  - { name: a, interface: eth0, vrid: 1, addresses: ${many(255, (i) => `10.9.${i >> 7}.${(i & 127) + 1}/16`)} }
  - { name: b, interface: eth0, vrid: 2, addresses: ${many(90, (i) => `fe80::${(i + 1).toString(16)}/64`)} }
  - { name: c, interface: eth0, vrid: 3, addresses: [10.1.0.0/31, 10.1.0.255/32] }
`);
    assert.deepEqual(
      settings.virtualRouters.map(({ addresses }) => addresses.length),
      [255, 90, 2],
    );
  });

  it('writes no line of its own on standard error, whatever stands for a key', async () => {
    const heard: string[] = [];
    const hear = ({ message }: Error): void => void heard.push(message);
    process.on('warning', hear);
    const result = parseSettings('? [a, b]\n: 1\n', 'keys.yaml', bareHost);
    // Node tells of a warning in a later turn.
    await turn();
    process.off('warning', hear);
    assert.ok(!result.ok && result.errors.some(({ code }) => code === 'unknown-setting'));
    assert.deepEqual(heard, []);
  });

  it('warns of a tag it does not know', () => {
    const result = parseSettings(`name: !host x\n${SMALLEST}`, 'f', bareHost);
    assert.ok(result.ok);
    assert.match(result.warnings[0]?.message ?? '', /tag/i);
  });
});

describe('files that cannot be read', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-load-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const codeOf = (path: string): string | undefined => {
    const result = loadSettings(path);
    return result.ok ? undefined : result.errors[0]?.code;
  };
  const written = (name: string, content: string | Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  it('loads one that can', () => {
    const result = loadSettings(written('good.yaml', SMALLEST), bareHost);
    assert.ok(result.ok);
    assert.equal(result.file, join(folder, 'good.yaml'));
  });

  it('says when there is none, or a folder in its place', () => {
    assert.equal(codeOf(join(folder, 'none.yaml')), 'missing-file');
    assert.equal(codeOf(join(written('file', ''), 'x.yaml')), 'missing-file');
    mkdirSync(join(folder, 'folder'));
    assert.equal(codeOf(join(folder, 'folder')), 'not-a-file');
  });

  it('does not wait for the writer of a named pipe', () => {
    const path = join(folder, 'pipe');
    assert.equal(spawnSync('mkfifo', [path]).status, 0);
    assert.equal(codeOf(path), 'not-a-file');
  });

  it('refuses more than 1 MiB before reading it, and takes exactly 1 MiB', () => {
    const filler = (size: number): string => SMALLEST + '#'.repeat(size - SMALLEST.length);
    assert.equal(codeOf(written('large', filler(LARGEST_FILE_BYTES + 1))), 'too-large');
    assert.equal(codeOf(written('full', filler(LARGEST_FILE_BYTES))), undefined);
    // Of a text that nobody has written yet, too: else a change would leave a file that nobody reads.
    const text = parseSettings(filler(LARGEST_FILE_BYTES + 1), 'f');
    assert.ok(!text.ok && text.errors[0]?.code === 'too-large');
  });

  it('refuses what is not UTF-8', () => {
    assert.equal(codeOf(written('latin1', Buffer.from('name: caf\xe9\n', 'latin1'))), 'encoding');
  });

  const isRoot = process.getuid?.() === 0;
  it('says when the right to read is missing', { skip: isRoot ? setprivMissing() : false }, () => {
    const path = written('secret.yaml', SMALLEST);
    chmodSync(folder, 0o755);
    chmodSync(path, 0);
    const module = new URL('../../src/config/load.js', import.meta.url).pathname;
    const script = `import { loadSettings } from ${JSON.stringify(module)};
      process.stdout.write(loadSettings(${JSON.stringify(path)}).errors[0].code);`;
    const node = [process.execPath, '--input-type=module', '-e', script];
    const argv = isRoot ? ['setpriv', '--reuid=65534', '--clear-groups', ...node] : node;
    const [program = '', ...rest] = argv;
    const child = spawnSync(program, rest, { encoding: 'utf8' });
    assert.equal(child.stdout, 'unreadable', child.stderr);
  });
});

/** Root may read everything: as root the test needs setpriv(1) to become somebody else. */
function setprivMissing(): string | false {
  const found = spawnSync('setpriv', ['--version']).status === 0;
  return found ? false : 'as root, this test needs setpriv';
}
