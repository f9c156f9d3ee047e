// Beside the real systemd-networkd and NetworkManager, which take away addresses that they do not know: whatever
// they are told to do, no role moves and the virtual address is there again. How the agent finds a loss is in
// test/agent.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it, type TestContext } from '../support/test.js';
import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { ended, LineLog } from '../../scripts/lab/command.js';
import { STATIONS } from '../../scripts/lab/network.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { boxRefusal, type Box } from './box.js';
import { ADDRESS, Machines } from './machines.js';
import { until, WAIT_LIMIT_MS } from '../support/limits.js';

const skip = boxRefusal() ?? (await enterSandbox()) ?? false;

/** The interface of the LAN as networkd would configure it. */
const networkFile = (own: string): string => `[Match]
Name=eth0
[Network]
Address=${own}/24
Gateway=10.99.0.254
LinkLocalAddressing=ipv6
IPv6AcceptRA=no
`;

const connectionFile = (own: string): string => `[connection]
id=lan
type=ethernet
interface-name=eth0
[ipv4]
method=manual
address1=${own}/24,10.99.0.254
[ipv6]
method=link-local
`;

/** The same by DHCP, of a server that gives each appliance its own address. */
const networkByDhcp = (): string => `[Match]
Name=eth0
[Network]
DHCP=ipv4
LinkLocalAddressing=ipv6
IPv6AcceptRA=no
[DHCPv4]
ClientIdentifier=mac
`;

const connectionByDhcp = (): string => `[connection]
id=lan
type=ethernet
interface-name=eth0
[ipv4]
method=auto
[ipv6]
method=link-local
`;

const netplanFile = (own: string): string => `network:
  version: 2
  renderer: networkd
  ethernets:
    eth0:
      addresses: [${own}/24]
      accept-ra: false
      routes: [{ to: default, via: 10.99.0.254 }]
`;

const LEASE_SECONDS = 12;
const DHCP_SERVER = `interface br0
start 10.99.0.200
end 10.99.0.201
opt subnet 255.255.255.0
opt router 10.99.0.254
opt lease ${LEASE_SECONDS}
min_lease ${LEASE_SECONDS}
lease_file /run/dhcp.leases
pidfile /run/dhcp.pid
static_lease ${STATIONS.a.mac} ${STATIONS.a.ipv4}
static_lease ${STATIONS.b.mac} ${STATIONS.b.ipv4}
`;

interface Configurator {
  readonly unit: string;
  readonly path: string;
  readonly text: (own: string) => string;
}

const NETWORK = '/etc/systemd/network/10-lan.network';
const CONNECTION = '/etc/NetworkManager/system-connections/lan.nmconnection';
const CONFIGURATORS = {
  networkd: { unit: 'systemd-networkd', path: NETWORK, text: networkFile },
  'networkd with DHCP': { unit: 'systemd-networkd', path: NETWORK, text: networkByDhcp },
  netplan: { unit: 'systemd-networkd', path: '/etc/netplan/10-lan.yaml', text: netplanFile },
  NetworkManager: { unit: 'NetworkManager', path: CONNECTION, text: connectionFile },
  'NetworkManager with DHCP': { unit: 'NetworkManager', path: CONNECTION, text: connectionByDhcp },
} as const satisfies Readonly<Record<string, Configurator>>;

interface Action {
  readonly by: keyof typeof CONFIGURATORS;
  readonly command: string;
  /** The lease is renewed by it, or meanwhile. */
  readonly renews?: boolean;
  /** How often networkd configures the interface anew for it, which it does when the command has ended. */
  readonly configures?: number;
}

const STOP_NETWORKD = 'systemctl stop systemd-networkd.socket systemd-networkd';
const ACTIONS: readonly Action[] = [
  { by: 'networkd', command: 'systemctl restart systemd-networkd' },
  { by: 'networkd', command: 'networkctl reload' },
  { by: 'networkd', command: 'networkctl reconfigure eth0' },
  // It writes the files of networkd anew, has them loaded, and then everything configured once more. Before NetworkManager:
  // networkd 252 takes over an address of that one with its flag `noprefixroute`, and then never has a route to its gateway.
  { by: 'netplan', command: 'netplan apply', configures: 2 },
  { by: 'netplan', command: STOP_NETWORKD },
  { by: 'NetworkManager', command: 'nmcli connection up lan' },
  { by: 'NetworkManager', command: 'nmcli device reapply eth0' },
  { by: 'NetworkManager', command: 'systemctl restart NetworkManager' },
  { by: 'NetworkManager', command: 'systemctl stop NetworkManager' },
  { by: 'NetworkManager with DHCP', command: 'true', renews: true },
  { by: 'NetworkManager with DHCP', command: 'systemctl stop NetworkManager' },
  // The last one: stopped, networkd gives the lease back, and with it the appliance's own address.
  { by: 'networkd with DHCP', command: 'networkctl renew eth0', renews: true },
];

/** What the doctor says of them. */
const DOCTOR: ReadonlyMap<keyof typeof CONFIGURATORS, RegExp> = new Map([
  ['networkd', /warning {2}networkd: [^]*10-lan\.network: no KeepConfiguration=/],
  ['NetworkManager', /warning {2}NetworkManager: [^]*devices\/\d+: managed/],
]);

/** With it networkd says what it does: its commands only ask for it. */
const TALKATIVE = '/run/systemd/system/systemd-networkd.service.d/talkative.conf';

/** Resolves when networkd has begun to configure eth0 `times` from now on, and has ended. */
async function configured(box: Box, times: number): Promise<() => Promise<void>> {
  const log = ['journalctl', '--unit=systemd-networkd', '--output=cat', '--quiet'];
  const { stdout } = await box.run([...log, '--lines=1', '--show-cursor']);
  const cursor = /^-- cursor: (.*)$/m.exec(stdout)?.[1] ?? '';
  const states = async (): Promise<string[]> => {
    const since = await box.run([...log, `--after-cursor=${cursor}`]);
    return [...since.stdout.matchAll(/^eth0: State changed: \S+ -> (\S+)$/gm)].map(
      ([, state = '']) => state,
    );
  };
  return async () => {
    await until(
      `eth0 configured anew ${times} times`,
      states,
      (seen) =>
        seen.at(-1) === 'configured' &&
        seen.filter((state) => state === 'configuring').length >= times,
      () => box.stirred(200),
    );
  };
}

const said = async (box: Box): Promise<string> =>
  (await box.attempt(['understudy', 'doctor'])).stdout;

/** What takes all addresses off the interface and puts back its own. */
const TAKES: ReadonlySet<string> = new Set([
  'networkctl reconfigure eth0',
  'nmcli connection up lan',
  'netplan apply',
]);

describe('beside what configures the network', { skip }, () => {
  let machines: Machines;
  before(async () => {
    machines = await Machines.start();
    // As they would have put it there themselves: networkd sets an address without a broadcast address again and again.
    for (const box of [machines.a, machines.b]) {
      const own = `${ownAddress(box)}/24`;
      await box.sh(`ip address del ${own} dev eth0; ip address add ${own} brd + dev eth0
        ip route replace default via 10.99.0.254
        mkdir -p ${TALKATIVE.slice(0, TALKATIVE.lastIndexOf('/'))}`);
      box.write(TALKATIVE, '[Service]\nEnvironment=SYSTEMD_LOG_LEVEL=debug\n');
      await box.systemctl('daemon-reload');
    }
    await machines.standsBy(machines.b);
  });
  // What gives each appliance its own address, at the gateway.
  let dhcp: ChildProcess | null = null;
  const leases = new LineLog(() => {
    for (const box of [machines.a, machines.b]) box.stir();
  });
  before(() => {
    writeFileSync('/run/dhcp.conf', DHCP_SERVER);
    writeFileSync('/run/dhcp.leases', '');
    const words = ['busybox', 'udhcpd', '-f', '/run/dhcp.conf'];
    const [command = '', ...rest] = machines.lab.network.inside('sw', words);
    dhcp = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [dhcp.stdout, dhcp.stderr]) if (stream !== null) leases.follow(stream);
  });
  after(async () => {
    dhcp?.kill();
    if (dhcp !== null) await ended(dhcp);
    await machines.close();
  });
  afterEach((t) => {
    if (!('passed' in t) || t.passed !== true) process.stdout.write(`${machines.words()}\n`);
  });

  const ownAddress = (box: Box): string => (box.name === 'a' ? '10.99.0.1' : '10.99.0.2');

  /** Hands the interface over to a service. What is on /sys is read-only as in any container: udev is not there. */
  async function manage(box: Box, { unit, path, text }: Configurator): Promise<void> {
    const others = Object.values(CONFIGURATORS).map((one) => one.path);
    await box.sh(`mount -o remount,ro /sys; rm -f ${others.join(' ')}
      mkdir -p ${path.slice(0, path.lastIndexOf('/'))}`);
    box.write(path, text(ownAddress(box)), 0o600);
    await box.sh(`chmod ${path.endsWith('.network') ? '644' : '600'} ${path}
      [ ! -e ${CONFIGURATORS.netplan.path} ] || netplan generate`);
    // netplan has udev look at each interface anew, which there is none of here.
    box.write('/usr/local/bin/udevadm', '#!/bin/sh\nexit 0\n', 0o755);
    await box.systemctl('start', unit);
  }

  /** An address that is taken away more than five times in ten seconds is left to the peer: that is not the subject. */
  async function settledDown(): Promise<void> {
    // netplan takes it away twice more.
    const most = 2;
    const lately = (): number =>
      machines.lab.changes(ADDRESS, Date.now() - 10_000).filter(({ present }) => !present).length;
    await until(`at most ${most} losses in ten seconds`, lately, (count) => count <= most);
  }

  /** The function that is returned resolves when the server has renewed the lease of `box` from now on. */
  function renewal(box: Box): () => Promise<void> {
    const given = (): number =>
      leases.lines.filter(({ text }) => text.endsWith(`sending ACK to ${ownAddress(box)}`)).length;
    const former = given();
    const seen = (): string[] => leases.lines.slice(-3).map(({ text }) => text);
    return async () => {
      await until(
        `a renewed lease of ${box.name}`,
        seen,
        () => given() > former,
        () => box.stirred(1_000),
      );
    };
  }

  const transitions = async (): Promise<number[]> => {
    const statuses = await Promise.all(
      [machines.a, machines.b].map((box) => box.client().status()),
    );
    return statuses.flatMap(({ virtualRouters }) =>
      virtualRouters.map(({ counters }) => counters.transitions),
    );
  };

  /** Nothing moves while `act` is done, nor afterwards: `a` has the address, and what is its own is there again. */
  async function moveless(
    t: TestContext,
    box: Box,
    act: () => Promise<unknown>,
    takes: boolean,
  ): Promise<void> {
    const { a, lab } = machines;
    const moved = await transitions();
    const from = Date.now();
    const away = (): number => lab.changes(ADDRESS, from).filter(({ present }) => !present).length;
    await machines.observe(t, a, act, async () => {
      // A command may return before anything has been done.
      if (takes) {
        const pause = (): Promise<void> => box.stirred(20);
        await until('the address taken away', away, () => away() > 0, pause);
      }
      await machines.status(
        box,
        'healthy, with its addresses',
        ({ health, virtualRouters: [lan] }) =>
          health.reasons.length === 0 &&
          lan !== undefined &&
          lan.addresses.every(({ present }) => present === (box === a)),
      );
    });
    if (away() > 0) t.diagnostic(`the address was taken away: ${away()}`);
    assert.deepEqual(await transitions(), moved, 'no role moved');
    await lab.waitForHolders(ADDRESS, ['a'], WAIT_LIMIT_MS);
    const shown = async (): Promise<string> =>
      (await box.run(['ip', '-4', 'address', 'show', 'dev', 'eth0'])).stdout;
    await until('its own address there again', shown, (text) =>
      text.includes(`${ownAddress(box)}/24`),
    );
  }

  for (const side of ['a', 'b'] as const) {
    const who = side === 'a' ? 'Active' : 'Backup';
    let running = '';
    for (const { by, command, renews = false, configures = 0 } of ACTIONS) {
      const what = command === 'true' ? 'a DHCP renewal' : command;
      it(`${what}, at the ${who}, by ${by}`, async (t) => {
        const box = machines[side];
        if (by !== running) {
          await settledDown();
          await moveless(t, box, () => manage(box, CONFIGURATORS[by]), false);
          if (side === 'b' && DOCTOR.has(by)) assert.match(await said(box), DOCTOR.get(by) ?? /^$/);
          running = by;
        }
        await settledDown();
        const act = async (): Promise<void> => {
          const renewed = renews ? renewal(box) : null;
          const anew = configures > 0 ? await configured(box, configures) : null;
          await box.sh(command);
          await renewed?.();
          await anew?.();
        };
        await moveless(t, box, act, side === 'a' && TAKES.has(command));
      });
    }
  }
});
