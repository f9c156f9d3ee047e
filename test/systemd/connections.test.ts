// The unit understudy-connections under a real systemd: that it sets its rules with the one capability it
// has, and keeps them while settings, firewall and interfaces come and go. What the rules do is in test/net.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { LAN } from '../../scripts/lab/pair-program.js';
import { Talker } from '../net/talker.js';
import { boxRefusal, SOURCE, UNIT, type Box } from './box.js';
import { ADDRESS, Machines, SETTINGS, settingsText } from './machines.js';
import { WAIT_LIMIT_MS, until } from '../support/limits.js';

const skip = boxRefusal() ?? (await enterSandbox()) ?? false;

const CONNECTIONS = 'understudy-connections.service';
const TABLE = 'table ip understudy_connections';
const PORT = 8080;

describe('the unit of the connections', { skip }, () => {
  let machines: Machines;
  before(async () => {
    machines = await Machines.start();
  });
  after(() => machines.close());
  afterEach(async (t) => {
    if ('passed' in t && t.passed === true) return;
    const { a } = machines;
    const journal = await a.attempt(['journalctl', '--no-pager', '-u', CONNECTIONS]);
    process.stdout.write(`${machines.words()}\n${journal.stdout}\n`);
  });

  const rules = async (box: Box): Promise<string> =>
    (await box.run(['nft', 'list', 'ruleset'])).stdout;
  const routes = async (box: Box): Promise<string> =>
    (await box.run(['ip', 'route', 'show', 'table', 'local', 'proto', '112'])).stdout;

  const becomes = async (expected: string, look: () => Promise<boolean>): Promise<void> => {
    await until(expected, look, Boolean, () => machines.a.stirred(100));
  };

  it('sets rules, routes and ARP; a failover breaks no connection', async (t) => {
    const { lab, a, b } = machines;
    for (const box of [a, b]) {
      await box.systemctl('enable', '--now', CONNECTIONS);
      assert.ok((await rules(box)).includes(TABLE));
      assert.match(await routes(box), /^local 10\.99\.0\.100 dev lo/);
      const arp = '/proc/sys/net/ipv4/conf/eth0';
      assert.equal((await box.sh(`cat ${arp}/arp_ignore ${arp}/arp_announce`)).stdout, '1\n2\n');
    }
    const talkers: Talker[] = [];
    t.after(() => Promise.all(talkers.map((talker) => talker.close())));
    for (const name of ['a', 'b'] as const) {
      talkers.push(await Talker.start(lab, name, { kind: 'server', name, port: PORT }));
    }
    const client = await Talker.start(lab, 'c', { kind: 'client', to: ADDRESS, port: PORT });
    talkers.push(client);
    assert.equal(await client.asked('before'), 'a before');
    await machines.handOver(a);
    await lab.waitForHolders(ADDRESS, ['b'], WAIT_LIMIT_MS);
    await machines.standsBy(a);
    assert.equal(await client.asked('after'), 'a after');
  });

  it('runs as the agent does, with one capability', async () => {
    const { a } = machines;
    const has = (name: string): Promise<string> => a.property(name, CONNECTIONS);
    assert.equal(await has('User'), 'understudy');
    for (const set of ['CapabilityBoundingSet', 'AmbientCapabilities']) {
      assert.equal(await has(set), 'cap_net_admin');
    }
    assert.equal(await has('NoNewPrivileges'), 'yes');
  });

  it('a restart of the agent leaves the rules alone', async () => {
    const { a } = machines;
    const times = await a.property('ActiveEnterTimestampMonotonic', CONNECTIONS);
    await a.systemctl('restart', UNIT);
    await machines.standsBy(a);
    assert.equal(await a.property('ActiveEnterTimestampMonotonic', CONNECTIONS), times);
    assert.ok((await rules(a)).includes(TABLE));
  });

  it('a reload of the agent brings the new addresses', async () => {
    const { a } = machines;
    const router = {
      ...LAN,
      advertisementIntervalMs: 200,
      addresses: ['10.99.0.100/24', '10.99.0.101/24'],
    };
    a.write(SETTINGS, settingsText('a', { virtualRouters: [router] }));
    await a.systemctl('reload', UNIT);
    await becomes('a route for 10.99.0.101', async () => /10\.99\.0\.101/.test(await routes(a)));
    assert.match(await rules(a), /10\.99\.0\.101/);
    a.write(SETTINGS, settingsText('a'));
    await a.systemctl('reload', UNIT);
    await becomes('none any more', async () => !/10\.99\.0\.101/.test(await routes(a)));
  });

  it('a reload and a restart of nftables.service flush the rules, and they come back', async () => {
    const { a } = machines;
    await a.systemctl('start', 'nftables.service');
    for (const verb of ['reload', 'restart']) {
      await a.systemctl(verb, 'nftables.service');
      const active = async () => (await a.property('ActiveState', CONNECTIONS)) === 'active';
      await becomes(`active after a ${verb}`, active);
      assert.ok((await rules(a)).includes(TABLE), verb);
    }
  });

  it('an interface that comes late: the agent does not wait, the rules follow', async () => {
    const { a } = machines;
    await a.systemctl('stop', CONNECTIONS, UNIT);
    assert.equal((await rules(a)).includes(TABLE), false);
    assert.equal(await routes(a), '');
    const router = { ...LAN, interface: 'late0', advertisementIntervalMs: 200 };
    a.write(SETTINGS, settingsText('a', { virtualRouters: [router] }));
    await a.attempt(['systemctl', 'start', CONNECTIONS, UNIT]);
    assert.equal(await a.property('ActiveState'), 'active');
    assert.notEqual(await a.property('ActiveState', CONNECTIONS), 'active');
    const { stdout } = await a.run(['journalctl', '--no-pager', '-u', CONNECTIONS]);
    assert.match(stdout, /the interface late0 of the settings expected, found none of that name/);
    await a.sh('ip link add late0 type veth peer name late1; ip link set late0 up');
    await becomes(
      'active',
      async () => (await a.property('ActiveState', CONNECTIONS)) === 'active',
    );
    assert.match(await rules(a), /late0/);
    await a.run(['ip', 'link', 'del', 'late0']);
  });

  it('invalid settings: failed, not tried again, and what stands stays at a reload', async () => {
    const { a } = machines;
    a.write(SETTINGS, '{ "virtualRouters": [] }');
    assert.notEqual((await a.attempt(['systemctl', 'reload', CONNECTIONS])).code, 0);
    assert.match(await rules(a), /late0/);
    await a.systemctl('stop', CONNECTIONS);
    assert.equal((await rules(a)).includes(TABLE), false, 'stop needs no settings');
    assert.notEqual((await a.attempt(['systemctl', 'start', CONNECTIONS])).code, 0);
    const state = ['ActiveState', 'ExecMainStatus'].map((name) => a.property(name, CONNECTIONS));
    assert.deepEqual(await Promise.all(state), ['failed', '2']);
  });

  it('is in force again after an upgrade, and gone when understudy is removed', async () => {
    const { a } = machines;
    a.write(SETTINGS, settingsText('a'));
    await a.systemctl('start', CONNECTIONS);
    await a.run([`${SOURCE}/scripts/install`]);
    assert.ok((await rules(a)).includes(TABLE));
    await a.run(['/usr/lib/understudy/scripts/install', '--remove']);
    assert.equal((await rules(a)).includes(TABLE), false);
    assert.equal(await routes(a), '');
    assert.equal(a.exists(`/usr/lib/systemd/system/${CONNECTIONS}`), false);
    assert.equal(a.exists(`/etc/systemd/system/multi-user.target.wants/${CONNECTIONS}`), false);
  });
});
