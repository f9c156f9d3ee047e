// Two agents on a switch: handovers, a partition, a group of two interfaces, and no multicast.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { IN_CI } from '../support/in-ci.js';
import { afterEach, before, describe, it } from '../support/test.js';
import { noTcpdump } from '../kernel/capture.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { enterNamespace, ip } from '../support/namespace.js';
import { Capture } from './capture.js';
import { CALM, router, settings, VIRTUAL } from './lan.js';
import { dropFromA, dropMulticast, laySwitch, setCable, setPath } from './switch.js';

const skip = enterNamespace(import.meta.url);
const VIRTUAL_WAN = '198.51.100.100/24';

const lan = (priority: number, change: object = {}): object =>
  router({ ...CALM.router, priority, ...change });
const wan = (priority: number): object =>
  router({
    ...CALM.router,
    name: 'wan',
    interface: 'wan',
    vrid: 52,
    addresses: [VIRTUAL_WAN],
    priority,
  });

/** Who has the address: `a` is here, `b` is the peer. */
function holders(address = VIRTUAL): string {
  const a = ip('-o address').includes(` ${address} `) ? 'a' : '';
  return a + (ip('-n peer -o address').includes(` ${address} `) ? 'b' : '');
}

const noNft = (): string | false =>
  spawnSync('nft', ['--version']).status === 0 ? false : 'nft is not installed';

describe('two agents', { skip }, () => {
  let a: AgentProcess;
  let b: AgentProcess;
  let homes = 0;
  before(() => laySwitch());
  afterEach(async () => {
    await Promise.all([a.dispose(), b.dispose()]);
    for (const where of ['', '-n peer ']) {
      ip(`${where}address flush to 192.0.2.100/32`);
      ip(`${where}address flush to 198.51.100.100/32`);
    }
  });

  const start = (wanted: object, netns?: string): AgentProcess =>
    new AgentProcess(
      new AgentHome(`home-${(homes += 1)}`, wanted),
      netns === undefined ? {} : { netns },
    );

  /** `a` is Active, and `b` has heard it. */
  async function startPair(forA: object, forB: object): Promise<void> {
    a = start(forA);
    await a.transition('Active');
    b = start(forB, 'peer');
    await b.transition('Backup');
    await b.until(({ virtualRouters }) =>
      virtualRouters.every(({ counters }) => counters.advertisementsReceived > 0),
    );
    await a.until(() => holders() === 'a');
  }

  it('cases 63 and 64: a stopped Active hands over, a stopped Backup is not noticed', async () => {
    await startPair(settings(lan(200)), settings(lan(100)));
    const other = b.lines.length;
    await a.end('SIGTERM');
    assert.equal((await b.transition('Active', other)).reason, 'priority-zero');
    await b.takenOver('lan', other);
    await b.until(() => holders() === 'b');

    a = start(settings(lan(50)));
    await a.transition('Backup');
    await a.until(
      ({ virtualRouters }) => (virtualRouters[0]?.counters.advertisementsReceived ?? 0) > 0,
    );
    const from = b.lines.length;
    const { since } = await b.router();
    await a.end('SIGTERM');
    const now = await b.router();
    assert.deepEqual([now.since, now.counters.priorityZeroReceived], [since, 1], 'that of before');
    assert.deepEqual(b.said(from), []);
    assert.equal(holders(), 'b');
  });

  it('case 65: a killed Active is followed, and its addresses go', async () => {
    await startPair(settings(lan(200)), settings(lan(100)));
    const from = b.lines.length;
    await a.end('SIGKILL');
    assert.equal((await b.transition('Active', from)).reason, 'priority-zero');
    await b.until(() => holders() === 'b');
  });

  it(
    'case 67: after a partition one remains, and announces again',
    { skip: IN_CI || noTcpdump() || noNft() },
    async () => {
      const announcements = await Capture.start('arp[6:2] = 1 and arp[14:4] = 0xc0000264');
      await startPair(settings(lan(200)), settings(lan(100)));
      const { since } = await a.router();
      await announcements.until((frames) => frames.length >= 2);
      let from = b.lines.length;
      setPath('lan', false);
      assert.equal((await b.transition('Active', from)).reason, 'no-response');
      await b.until(() => holders() === 'ab');
      from = b.lines.length;

      // The rival is heard first: had it yielded in silence, there would be nothing to correct.
      const heal = dropFromA();
      setPath('lan', true);
      await a.until(
        ({ virtualRouters }) => (virtualRouters[0]?.counters.advertisementsReceived ?? 0) > 0,
      );
      heal();

      assert.equal((await b.transition('Backup', from)).reason, 'preempted');
      await b.until(() => holders() === 'a');
      assert.equal((await a.router()).since, since);
      // By itself there is a round at once, after 1 s, after 5 s and then one a minute; a rival makes it
      // begin again.
      const [first, , , fourth] = await announcements.until((frames) => frames.length >= 4);
      assert.ok((fourth?.at ?? Infinity) - (first?.at ?? 0) < 60_000_000);
      await announcements.stop();
    },
  );

  it('two routers on two interfaces move together when one loses carrier', async () => {
    await startPair(settings(lan(200), wan(200)), settings(lan(100), wan(100)));
    await a.until(() => holders(VIRTUAL_WAN) === 'a');
    let from = [a.lines.length, b.lines.length];

    setCable('wan', 'a', false);

    assert.equal((await a.transition('Initialize', from[0], 'wan')).reason, 'no-carrier');
    assert.equal((await a.transition('Initialize', from[0], 'lan')).reason, 'group-fault');
    assert.equal((await b.transition('Active', from[1], 'lan')).reason, 'priority-zero');
    assert.equal((await b.transition('Active', from[1], 'wan')).reason, 'no-response');
    await b.until(() => holders() === 'b' && holders(VIRTUAL_WAN) === 'b');
    await a.until(({ health }) => health.state === 'fault');

    from = [a.lines.length, b.lines.length];
    setCable('wan', 'a', true);
    for (const name of ['lan', 'wan']) {
      assert.equal((await a.transition('Backup', from[0], name)).reason, 'fault-cleared');
      assert.equal((await a.transition('Active', from[0], name)).reason, 'priority');
      await b.transition('Backup', from[1], name);
    }
    await b.until(() => holders() === 'a' && holders(VIRTUAL_WAN) === 'a');
    const { state, reasons } = (await a.status()).health;
    assert.deepEqual([state, reasons], ['healthy', []]);
  });
});

describe('unicastPeers, with multicast dropped', { skip: skip || IN_CI || noNft() }, () => {
  before(() => dropMulticast());

  const families = {
    IPv4: { addresses: [VIRTUAL], peers: ['192.0.2.2', '192.0.2.1'], family: 'ipv4' },
    IPv6: {
      addresses: ['fe80::51/64', '2001:db8::51/64'],
      peers: ['fe80::2', 'fe80::1'],
      family: 'ipv6',
    },
  } as const;

  for (const [family, { addresses, peers }] of Object.entries(families)) {
    const virtual = addresses.at(-1);
    const wanted = (priority: number, peer: string): object =>
      settings(lan(priority, { addresses, unicastPeers: [peer] }));

    it(`${family}: one is Active, a stop and a crash are followed, the better one comes back`, async () => {
      const home = new AgentHome(`a-${family}`, wanted(200, peers[0]));
      let a = new AgentProcess(home);
      const b = new AgentProcess(new AgentHome(`b-${family}`, wanted(100, peers[1])), {
        netns: 'peer',
      });
      await a.transition('Active');
      await b.transition('Backup');
      await b.until(
        ({ virtualRouters }) => (virtualRouters[0]?.counters.advertisementsReceived ?? 0) >= 3,
      );
      await b.until(() => holders(virtual) === 'a');
      let from = b.lines.length;
      await a.end('SIGTERM');
      assert.equal((await b.transition('Active', from)).reason, 'priority-zero');
      await b.until(() => holders(virtual) === 'b');

      from = b.lines.length;
      a = new AgentProcess(home);
      assert.equal((await a.transition('Active')).reason, 'priority');
      assert.equal((await b.transition('Backup', from)).reason, 'preempted');
      await b.until(() => holders(virtual) === 'a');

      from = b.lines.length;
      await a.end('SIGKILL');
      // No farewell: the executor does not know the peer's link-layer address.
      assert.equal((await b.transition('Active', from)).reason, 'no-response');
      await b.until(() => holders(virtual) === 'b');
      await b.end('SIGTERM');
    });
  }
});
