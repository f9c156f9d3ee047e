// Beside the real systemd-networkd and NetworkManager, which take away addresses that they do not know: whatever
// they are told to do, no role moves and the virtual address is there again. How the agent finds a loss is in
// test/agent.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it, type TestContext } from '../support/test.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { boxRefusal, type Box } from './box.js';
import { ADDRESS, Machines } from './machines.js';
import { until } from '../support/limits.js';

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

/** What takes all addresses off the interface and puts back its own. */
const TAKES: ReadonlySet<string> = new Set([
  'networkctl reconfigure eth0',
  'nmcli connection up lan',
]);

describe('beside what configures the network', { skip }, () => {
  let machines: Machines;
  before(async () => {
    machines = await Machines.start();
    // As they would have put it there themselves: networkd sets an address without a broadcast address again and again.
    for (const box of [machines.a, machines.b]) {
      const own = `${ownAddress(box)}/24`;
      await box.sh(`ip address del ${own} dev eth0; ip address add ${own} brd + dev eth0
        ip route replace default via 10.99.0.254`);
    }
    await machines.standsBy(machines.b);
  });
  after(() => machines.close());
  afterEach((t) => {
    if (!('passed' in t) || t.passed !== true) process.stdout.write(`${machines.words()}\n`);
  });

  const ownAddress = (box: Box): string => (box.name === 'a' ? '10.99.0.1' : '10.99.0.2');

  /** Hands the interface over to `service`. What is on /sys is read-only as in any container: udev is not there. */
  async function manage(box: Box, service: string, path: string, text: string): Promise<void> {
    await box.sh(`mount -o remount,ro /sys && mkdir -p ${path.slice(0, path.lastIndexOf('/'))}`);
    box.write(path, text, 0o600);
    await box.sh(`chmod ${service === 'NetworkManager' ? '600' : '644'} ${path}`);
    await box.systemctl('start', service);
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
    assert.deepEqual(lab.holding(ADDRESS), ['a']);
    const shown = async (): Promise<string> =>
      (await box.run(['ip', '-4', 'address', 'show', 'dev', 'eth0'])).stdout;
    await until('its own address there again', shown, (text) => text.includes(ownAddress(box)));
  }

  const actions = [
    ['networkd', 'systemctl restart systemd-networkd'],
    ['networkd', 'networkctl reload'],
    ['networkd', 'networkctl reconfigure eth0'],
    ['networkd', 'systemctl stop systemd-networkd.socket systemd-networkd'],
    ['NetworkManager', 'nmcli connection up lan'],
    ['NetworkManager', 'nmcli device reapply eth0'],
    ['NetworkManager', 'systemctl restart NetworkManager'],
    ['NetworkManager', 'systemctl stop NetworkManager'],
  ] as const;
  const files = {
    networkd: ['systemd-networkd', '/etc/systemd/network/10-lan.network', networkFile],
    NetworkManager: [
      'NetworkManager',
      '/etc/NetworkManager/system-connections/lan.nmconnection',
      connectionFile,
    ],
  } as const;

  for (const side of ['a', 'b'] as const) {
    const who = side === 'a' ? 'Active' : 'Backup';
    let running = '';
    for (const [service, command] of actions) {
      it(`${command}, at the ${who}`, async (t) => {
        const box = machines[side];
        if (service !== running) {
          const [unit, path, text] = files[service];
          await moveless(t, box, () => manage(box, unit, path, text(ownAddress(box))), false);
          running = service;
        }
        await moveless(t, box, () => box.sh(command), side === 'a' && TAKES.has(command));
      });
    }
  }
});
