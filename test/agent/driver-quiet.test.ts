// What the driver does for a message of a peer that only confirms what is known: it is stepped and recorded like
// any other, and nothing else is looked at. Not what the message means.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import type { Settings } from '../../src/config/settings.js';
import type { PeerReport } from '../../src/model/peer-report.js';
import { encodeAdvertisement, VRRP_GROUP } from '../../src/wire/advertisement.js';
import { centiseconds } from '../../src/model/units.js';
import { address } from '../support/fake-kernel.js';
import { INDEX, PEER, rig, routerSettings, settingsOf, settle, VIRTUAL, type Rig } from './rig.js';

const CHECK = 100_000;
const PATH = address('10.98.0.2');

function withPeer(): Settings {
  const lan = settingsOf([routerSettings({})]);
  return { ...lan, ha: { ...lan.ha, peers: [{ name: 'there', addresses: [PATH] }] } };
}

type Answer = Extract<InstanceEvent, { kind: 'peer-report' }>;

/** A Backup whose peer answers; `say` lets it answer now. */
async function withHealthyPeer(): Promise<{
  made: Rig;
  answer: Answer;
  say: (event: Answer) => void;
}> {
  const made = rig({ settings: withPeer() });
  made.driver.start();
  await settle();
  const [own] = made.told.flatMap((one) => (one.kind === 'news' ? [one.report] : []));
  assert.ok(own !== undefined);
  const report: PeerReport = { ...own, name: 'there', routers: [] };
  const answer: Answer = {
    kind: 'peer-report',
    peer: 'there',
    address: PATH,
    report,
    answered: true,
  };
  const say = (event: Answer): void => {
    made.driver.hear(event);
    made.driver.heard();
  };
  for (let check = 0; check < 20; check += 1) {
    made.kernel.advance(CHECK);
    say(answer);
    await settle();
  }
  assert.equal(made.driver.snapshot().peers[0]?.state, 'healthy');
  return { made, answer, say };
}

const recorded = ({ driver }: Rig): number => driver.recorder.recording().events.length;

const advertisement = {
  family: 'ipv4' as const,
  linkIndex: INDEX,
  source: PEER,
  destination: VRRP_GROUP.ipv4,
  hopLimit: 255,
  message: encodeAdvertisement(
    {
      vrid: 51,
      priority: 200,
      maxAdvertiseInterval: centiseconds(100),
      addresses: [VIRTUAL],
    },
    { source: PEER, destination: VRRP_GROUP.ipv4, dialect: 'rfc9568' },
  ),
};

describe('a message of a peer that only confirms', () => {
  it('is recorded, moves what it moves, and has nothing armed, sent, read or written', async () => {
    const { made, answer, say } = await withHealthyPeer();
    made.kernel.stall(CHECK / 4);
    const heardAt = (): unknown => made.driver.snapshot().peers[0]?.paths[0]?.heardAt;
    const [before, events, mark] = [heardAt(), recorded(made), made.trace.length];
    const armedFor = made.kernel.armedFor;
    // Unread, it tells whether anybody looks at the sockets: its own wake-up is still to come.
    made.kernel.deliver(advertisement, false);
    let arms = 0;
    Object.defineProperty(made.kernel, 'armedFor', {
      get: () => armedFor,
      set() {
        arms += 1;
      },
    });
    say(answer);
    await settle();
    assert.equal(recorded(made), events + 1);
    assert.notEqual(heardAt(), before);
    assert.deepEqual([made.trace.length, arms], [mark, 0]);
    assert.equal(made.kernel.sockets[0]?.pending.length, 1);
  });

  it('is part of a whole wake-up when a deadline is due: the packets come before the clock', async () => {
    const { made, answer, say } = await withHealthyPeer();
    made.kernel.stall(CHECK);
    made.kernel.deliver(advertisement, false);
    const events = recorded(made);
    say(answer);
    const kinds = made.driver.recorder
      .recording()
      .events.slice(events)
      .map(({ event }) => event.kind);
    assert.deepEqual(kinds, ['peer-report', 'advertisement', 'deadline']);
  });

  it('one that changes something is a whole wake-up', async () => {
    const { made, answer, say } = await withHealthyPeer();
    made.kernel.stall(CHECK / 4);
    made.kernel.deliver(advertisement, false);
    const digests = { ...answer.report.digests, rules: 77 };
    say({ ...answer, report: { ...answer.report, digests } });
    assert.equal(made.kernel.sockets[0]?.pending.length, 0);
    assert.ok(made.records.some(({ event }) => event === 'settings-differ'));
  });

  it('after a revoked lease a wake-up begins with that', async () => {
    const { made, answer, say } = await withHealthyPeer();
    for (let check = 0; check < 60; check += 1) {
      made.kernel.advance(CHECK);
      say(answer);
      await settle();
    }
    assert.equal(made.driver.snapshot().virtualRouters[0]?.state, 'Active');
    const events = recorded(made);
    made.kernel.revokeLease();
    say(answer);
    const [first] = made.driver.recorder.recording().events.slice(events);
    assert.equal(first?.event.kind, 'revoked');
  });
});

describe('an advertisement that repeats the last one', () => {
  const DOWN = 3_609_375; // Active_Down_Interval at priority 100, in microseconds

  /** A Backup that has heard the Active twice. */
  async function following(): Promise<Rig> {
    const made = rig({ settings: withPeer() });
    made.driver.start();
    await settle();
    for (let time = 0; time < 2; time += 1) {
      made.kernel.advance(1_000_000);
      made.kernel.deliver(advertisement);
    }
    return made;
  }

  const router = ({ driver }: Rig) => {
    driver.catchUp();
    const [only] = driver.snapshot().virtualRouters;
    assert.ok(only !== undefined);
    return only;
  };

  it('wakes nobody; it is recorded, counted and dated when somebody looks', async () => {
    const made = await following();
    const { counters } = router(made);
    const [events, mark] = [recorded(made), made.trace.length];
    made.kernel.stall(20_000);
    for (let time = 0; time < 3; time += 1) made.kernel.deliver(advertisement);
    assert.deepEqual([recorded(made), made.trace.length], [events, mark]);
    made.kernel.stall(5_000);
    const later = router(made);
    assert.equal(later.counters.advertisementsReceived, counters.advertisementsReceived + 3);
    assert.equal(later.lastAdvertisementAge, 5_000);
    assert.equal(recorded(made), events + 3);
  });

  it('puts the Active_Down_Timer off, and the timer fires as late after the last one as ever', async () => {
    const made = await following();
    for (let time = 0; time < 20; time += 1) {
      made.kernel.advance(1_000_000);
      made.kernel.deliver(advertisement);
    }
    const last = made.kernel.clock;
    made.kernel.advance(DOWN - 1);
    assert.equal(router(made).state, 'Backup');
    made.kernel.advance(1);
    assert.equal(router(made).state, 'Active');
    assert.equal(router(made).since, last + DOWN);
  });

  it('one that says something else is heard at once: priority 0, another priority, another hop limit', async () => {
    const leaving = encodeAdvertisement(
      { vrid: 51, priority: 0, maxAdvertiseInterval: centiseconds(100), addresses: [VIRTUAL] },
      { source: PEER, destination: VRRP_GROUP.ipv4, dialect: 'rfc9568' },
    );
    for (const change of [{ message: leaving }, { hopLimit: 254 }]) {
      const made = await following();
      const { counters } = router(made);
      made.kernel.stall(1_000);
      made.kernel.deliver(advertisement);
      const events = recorded(made);
      made.kernel.deliver({ ...advertisement, ...change });
      // What was counted before it comes before it.
      const heard = made.driver.recorder.recording().events.slice(events);
      const priorities = heard.map(({ event }) =>
        event.kind === 'advertisement' ? event.advertisement.priority : event.kind,
      );
      assert.deepEqual(priorities, 'message' in change ? [200, 0] : [200]);
      made.kernel.deliver(advertisement);
      const [again] = made.driver.recorder.recording().events.slice(-1);
      assert.equal(
        again?.event.kind === 'advertisement' && again.event.advertisement.priority,
        200,
      );
      const expected = counters.advertisementsReceived + heard.length + 1;
      assert.equal(
        made.driver.snapshot().virtualRouters[0]?.counters.advertisementsReceived,
        expected,
      );
    }
  });

  it('is heard at once when it may say more: the settings have changed, our priority, our addresses', async () => {
    const changes: readonly ((made: Rig) => void)[] = [
      ({ driver }) => driver.configure(withPeer()),
      ({ driver }) => driver.configure(settingsOf([routerSettings({ priority: 250 })])),
      ({ kernel }) => kernel.addAddress(INDEX, '10.99.0.77/24'),
    ];
    for (const change of changes) {
      const made = await following();
      made.kernel.stall(1_000);
      change(made);
      await settle();
      const events = recorded(made);
      made.kernel.deliver(advertisement);
      assert.equal(recorded(made), events + 1);
    }
  });

  it('after a silence of ours what has come is heard before the timer fires', async () => {
    const made = await following();
    made.kernel.stall(DOWN + 1_000_000);
    made.kernel.deliver(advertisement, false);
    made.kernel.advance(0);
    assert.equal(router(made).state, 'Backup');
    assert.equal(router(made).lastAdvertisementAge, 0);
  });
});
