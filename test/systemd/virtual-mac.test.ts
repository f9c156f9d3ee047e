// A virtual MAC address, and rules of nftables beside it, under the unit as the package brings it: what the sandbox lets
// the agent change, and that a crash, a stop and a purge leave nothing of it. What it does on the wire is test/net's.
import assert from 'node:assert/strict';
import { LAN } from '../../scripts/lab/pair-program.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { virtualMacAddress, virtualMacInterface } from '../../src/model/virtual-mac.js';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { boxRefusal, UNIT, type Box } from './box.js';
import { INTERVAL_MS, Machines, setUp } from './machines.js';
import { installPackage, packageRefusal } from './packages.js';

const skip = boxRefusal() ?? (await enterSandbox()) ?? packageRefusal();

const INTERFACE = virtualMacInterface('ipv4', LAN.vrid);
const router = {
  ...LAN,
  advertisementIntervalMs: INTERVAL_MS,
  virtualMac: true,
  acceptMode: false,
};

/** What the agent may change of a host: names of interfaces, settings of each, rules. */
async function host(box: Box): Promise<string[]> {
  const { stdout } = await box.sh(`ip -o link | cut -d : -f 2
    cd /proc/sys/net; grep -rs . ipv4/conf ipv6/conf | grep -v stable_secret | sort
    nft list ruleset`);
  return stdout.split('\n');
}

describe('a virtual MAC address under the unit', { skip }, () => {
  let machines: Machines;
  const clean = new Map<string, readonly string[]>();
  before(async () => {
    machines = await Machines.start(async (box) => {
      await installPackage(box);
      clean.set(box.name, await host(box));
      await setUp(box, { virtualRouters: [router] });
    });
  });
  after(async () => machines.close());
  afterEach((t) => {
    if (!('passed' in t) || t.passed !== true) process.stdout.write(`${machines.words()}\n`);
  });

  const arpIgnore = async (box: Box): Promise<string> =>
    (await box.run(['cat', '/proc/sys/net/ipv4/conf/eth0/arp_ignore'])).stdout.trim();

  it('the agent makes it, and of all tunables of the kernel it can write those of the network alone', async () => {
    const { a, b } = machines;
    for (const box of [a, b]) {
      await machines.status(box, 'no reason', ({ health: { reasons } }) => reasons.length === 0);
      const { stdout } = await box.run(['ip', '-d', 'link', 'show', 'dev', INTERFACE]);
      assert.ok(stdout.includes(`link/ether ${virtualMacAddress('ipv4', LAN.vrid)} `), stdout);
      assert.match(stdout, /macvlan mode bridge/);
      assert.equal(await arpIgnore(box), '1');
    }
    const { stdout } = await a.run(['ip', '-4', '-o', 'address', 'show', 'dev', INTERFACE]);
    assert.match(stdout, /inet 10\.99\.0\.100\/24 /);
    const rules = await a.run(['nft', 'list', 'table', 'inet', 'understudy_accept']);
    assert.match(rules.stdout, /elements = \{ 10\.99\.0\.100 \}/);
    const seen = await a.sh(`nsenter --mount --target=${await a.mainPid()} sh -c '
      for file in net/ipv4/conf/eth0/arp_ignore kernel/printk vm/swappiness; do
        if [ -w /proc/sys/$file ]; then echo $file; fi; done'`);
    assert.equal(seen.stdout, 'net/ipv4/conf/eth0/arp_ignore\n');
  });

  it('moves with the role, without loss', async (t) => {
    const { a, b } = machines;
    const move = (): Promise<unknown> => machines.handOver(a);
    const { lost } = await machines.observe(t, b, move, () => machines.standsBy(a));
    assert.equal(lost, 0);
    const { stdout } = await a.run(['ip', '-o', 'link', 'show', 'dev', INTERFACE]);
    assert.match(stdout, / state DOWN /);
  });

  it('killed with all its processes, and then stopped: the host is as it was', async (t) => {
    const { a, b } = machines;
    const pid = await b.mainPid();
    await machines.observe(
      t,
      a,
      async () => b.control('cgroup.kill', '1'),
      async () => {
        await machines.status(b, 'another agent', () => true);
        await machines.standsBy(b);
      },
    );
    assert.notEqual(await b.mainPid(), pid);
    assert.equal(await arpIgnore(b), '1');
    await b.systemctl('stop', UNIT);
    assert.deepEqual(await host(b), clean.get('b'));
    await b.systemctl('start', UNIT);
    await machines.standsBy(b);
  });

  it('the Active stopped: nothing is lost, and the host is as it was', async (t) => {
    const { a, b } = machines;
    const { lost } = await machines.observe(t, b, () => a.systemctl('stop', UNIT));
    assert.equal(lost, 0);
    assert.deepEqual(await host(a), clean.get('a'));
    await a.systemctl('start', UNIT);
    await machines.standsBy(a);
  });

  it('purged while it is Active: nothing is lost, and the host is as it was', async (t) => {
    const { a, b } = machines;
    const purge = (): Promise<unknown> => b.run(['dpkg', '--purge', 'understudy']);
    const { lost } = await machines.observe(t, a, purge);
    assert.equal(lost, 0);
    assert.deepEqual(await host(b), clean.get('b'));
  });
});
