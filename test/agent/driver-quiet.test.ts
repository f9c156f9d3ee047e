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
