// What comes before what in a wake-up of the driver, read from the one list of the fakes: the hosts, then
// the peers; sockets, then the clock, also in a flood; and no timer but the kernel's. Not what is decided.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { Settings } from '../../src/config/settings.js';
import type { Network } from '../../src/agent/network.js';
import { Advertiser } from '../../src/agent/advertiser.js';
import { microseconds } from '../../src/model/units.js';
import { address, FakeKernel } from '../support/fake-kernel.js';
import { ACTIVE_DOWN, SECOND, peerAdvertisement, stateOf } from './active-rig.js';
import { INDEX, rig, routerSettings, settingsOf, settle, type Rig } from './rig.js';

/** One peer, which is never heard. */
function withPeer(): Settings {
  const lan = settingsOf([routerSettings({})]);
  const peers = [{ name: 'there', addresses: [address('10.98.0.2')] }];
  return { ...lan, ha: { ...lan.ha, peers } };
}

/** Lets time pass in steps: with peers, each wake-up waits for the end of a turn of the loop. */
async function pass(made: Rig, time: number): Promise<void> {
  for (let left = time; left > 0; left -= 50_000) {
    made.kernel.advance(Math.min(50_000, left));
    await settle();
  }
}

async function becameActive(settings: Settings): Promise<Rig> {
  const made = rig({ settings });
  made.driver.start();
  await settle();
  await pass(made, ACTIVE_DOWN + SECOND / 2);
  assert.equal(stateOf(made), 'Active');
  return made;
}

const routerOf = ({ driver }: Rig) => driver.snapshot().virtualRouters[0];
const kindsSince = ({ driver }: Rig, mark: number): string[] =>
  driver.recorder
    .recording()
    .events.slice(mark)
    .map(({ event }) => event.kind);

/** Fails with the whole list when `first` is not in it, or not before `second`. */
function assertBefore(lines: readonly string[], first: string, second: string): void {
  const [at, then] = [lines.indexOf(first), lines.indexOf(second)];
  assert.ok(
    at >= 0 && then > at,
    `expected "${first}" before "${second}", found: ${lines.join('; ')}`,
  );
}

describe('the hosts hear of it before the peers', () => {
  it('a takeover: the address, its announcement, then the news that it stands', async () => {
    const made = rig({ settings: withPeer() });
    made.driver.start();
    await settle();
    const mark = made.trace.length;

    await pass(made, ACTIVE_DOWN + SECOND / 2);

    const lines = made.trace.lines(mark, 'address', 'frame', 'advertisement', 'news');
    assertBefore(lines, 'address 10.99.0.100', 'announce 10.99.0.100');
    assertBefore(lines, 'announce 10.99.0.100', 'news Active with addresses');
  });

  it('a claim: the advertisement, then the news that it is Active', async () => {
    const made = await becameActive(withPeer());
    const lines = made.trace.lines(0, 'advertisement', 'news');
    assertBefore(lines, 'advertisement 100 to 224.0.0.18', 'news Active without addresses');
  });

  it('a farewell: priority 0, then the news', async () => {
    const made = await becameActive(withPeer());
    const mark = made.trace.length;
    await made.driver.stop();
    assert.deepEqual(made.trace.lines(mark, 'advertisement', 'news', 'finish'), [
      'advertisement 0 to 224.0.0.18',
      'news Initialize without addresses',
      'finish',
    ]);
  });

  it('a round of announcements that is due with an advertisement goes first', async () => {
    const made = rig();
    made.driver.start();
    await settle();
    made.kernel.advance(ACTIVE_DOWN);
    await settle();
    const mark = made.trace.length;

    made.kernel.advance(SECOND);

    assert.deepEqual(made.trace.lines(mark, 'advertisement', 'frame'), [
      'announce 10.99.0.100',
      'advertisement 100 to 224.0.0.18',
    ]);
  });

  it('whatever was queued first: the claim makes the one before us let go', () => {
    const kernel = new FakeKernel();
    kernel.setLink({ index: INDEX, name: 'eth0' });
    const socket = kernel.openAdvertisementSocket('ipv4', { index: INDEX }, () => undefined);
    const network = {
      send: (_: string, batch: Parameters<typeof socket.send>[0]) => socket.send(batch),
      linkNamed: () => ({ index: INDEX, macAddress: '02:00:00:00:00:01' }),
    } as unknown as Network;
    const advertiser = new Advertiser(
      network,
      kernel,
      assert.fail,
      () => undefined,
      () => false,
    );
    const settings = routerSettings({});
    const claim = { priority: 100, source: address('10.99.0.1'), alsoTo: [] };
    advertiser.queueAdvertisement(settings, { ...claim, dialect: 'rfc9568' });
    advertiser.queueAnnouncement(settings);

    advertiser.flush(() => microseconds(Infinity));

    const lines = kernel.trace.lines(0);
    assert.deepEqual(lines, ['announce 10.99.0.100', 'advertisement 100 to 224.0.0.18']);
  });
});

describe('after a stall', () => {
  it('an Active sends nothing for an interval and a half, and says so', async () => {
    const made = await becameActive(settingsOf([routerSettings({})]));
    const mark = made.trace.length;
    made.kernel.stall(5 * SECOND);

    made.kernel.advance(0);
    const woken = made.kernel.clock;
    await pass(made, 2 * SECOND);

    assert.equal(made.records.filter(({ event }) => event === 'stalled').length, 1);
    const [first] = made.trace.since(mark, 'advertisement', 'frame');
    assert.ok(first !== undefined && 'sent' in first, 'it advertises again');
    assert.ok(
      'at' in first.sent && first.sent.at >= woken + 1.5 * SECOND,
      made.trace.lines(mark).join('; '),
    );
  });

  it('an Active gives way to another one, whatever its priority, that is heard meanwhile', async () => {
    const made = await becameActive(settingsOf([routerSettings({})]));
    const mark = made.trace.length;
    made.kernel.stall(5 * SECOND);
    made.kernel.advance(0);
    await pass(made, SECOND);

    made.kernel.deliver(peerAdvertisement(50));
    await settle();

    assert.deepEqual([stateOf(made), routerOf(made)?.reason], ['Backup', 'stalled']);
    assert.deepEqual(made.trace.lines(mark, 'advertisement', 'frame'), []);
  });

  it('what the peers have said comes before the deadlines that have passed', async () => {
    const made = rig({ settings: withPeer() });
    made.driver.start();
    await pass(made, SECOND);
    const mark = made.driver.recorder.recording().events.length;
    const [report] = made.told.flatMap((one) => (one.kind === 'news' ? [one.report] : []));
    assert.ok(report !== undefined);
    made.kernel.stall(10 * SECOND);
    made.said.push({
      kind: 'peer-report',
      peer: 'there',
      address: address('10.98.0.2'),
      report: { ...report, name: 'there' },
      answered: true,
    });

    made.kernel.advance(0);
    const [first, ...rest] = kindsSince(made, mark).filter((kind) => kind !== 'stalled');
    assert.equal(first, 'peer-report');
    assert.ok(rest.includes('deadline'), rest.join(', '));
  });

  it('the packets of the sockets come before the deadlines that have passed', async () => {
    const made = await becameActive(settingsOf([routerSettings({})]));
    const mark = made.driver.recorder.recording().events.length;
    made.kernel.stall(2 * SECOND);
    made.kernel.deliver(peerAdvertisement(200), false);
    made.kernel.advance(0);
    const [first] = kindsSince(made, mark);
    assert.equal(first, 'advertisement');
    assert.equal(stateOf(made), 'Backup');
  });
});

describe('timers', () => {
  it('the driver has the kernel’s only: an hour of the process’s own timers changes nothing', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    const made = rig({ settings: withPeer(), watchdogTimeout: 2 * SECOND });
    made.driver.start();
    await settle();
    const mark = made.trace.length;
    made.kernel.stall(10 * SECOND); // everything is overdue, and the kernel's timer has not fired

    t.mock.timers.tick(3_600_000);
    await settle();

    assert.deepEqual(made.trace.lines(mark), []);
    made.kernel.advance(0);
    await settle();
    assert.notDeepEqual(made.trace.lines(mark), [], 'the kernel’s timer is enough');
  });
});

describe('a flood', () => {
  it('holds up no advertisement: what is due is sent while packets are still waiting', async () => {
    const made = await becameActive(settingsOf([routerSettings({})]));
    const bad = { ...peerAdvertisement(250), hopLimit: 254 };
    for (let count = 0; count < 10_000; count += 1) made.kernel.deliver(bad, false);
    const waiting = (): number =>
      made.kernel.sockets.reduce((sum, { pending }) => sum + pending.length, 0);
    const [mark, packets] = [made.trace.length, waiting()];
    made.kernel.advance(SECOND);
    assert.equal(made.trace.since(mark, 'advertisement').length, 1, 'one is due, and is sent');
    assert.ok(waiting() > 0 && waiting() < packets, `${waiting()} of ${packets} are waiting`);
  });
});
