// What an instance does with a witness: it moves nobody while a peer is in touch, and decides where silence is all there
// is to go by. The rows one by one are in decision-table.test.ts; the bound, in the simulator.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { Instance } from '../../../src/core/instance.js';
import type { WitnessSnapshot } from '../../../src/core/interface.js';
import { assert as expect } from '../../../src/model/assert.js';
import { centiseconds, instant, microseconds } from '../../../src/model/units.js';
import type { WitnessFact } from '../../../src/model/witness.js';
import { router } from '../instance-bench.js';
import {
  ACTIVE_DOWN,
  HA,
  HA_THIRD,
  LAN_THIRD,
  PairBench,
  SECOND,
  THERE,
  THIRD,
  activeBench,
  backupBench,
  moves,
  type Begin,
} from '../pair-bench.js';

const TTL = 6 * SECOND;
const MARGIN = SECOND;
const SURE = 0.99 * TTL;
const witness = { ttl: microseconds(TTL), margin: microseconds(MARGIN) };
const overrides = { witness };

const ours = (at: number, token = '1'): WitnessFact => ({
  kind: 'ours',
  token,
  until: instant(at + SURE),
  ttl: microseconds(TTL),
});
const others = (expiresIn = TTL): WitnessFact => ({
  kind: 'others',
  holder: 'there',
  token: '1',
  expiresIn: microseconds(expiresIn),
});
const AWAY: WitnessFact = { kind: 'away', why: 'no answer within 1500 ms' };
const FREE: WitnessFact = { kind: 'free' };

const tell = (bench: PairBench, fact: WitnessFact, at: number): string[] =>
  bench.take({ kind: 'witness', fact }, at);

/** The orders to the client among the effects. */
const orders = (lines: readonly string[]): string[] =>
  lines.filter((text) => text.includes('witness '));

function known(bench: PairBench, at = 0): WitnessSnapshot {
  const { witness: found } = bench.instance.snapshot(instant(at));
  expect(found !== null, 'there is a witness');
  return found;
}

/** A Backup beside an Active that holds the lease, as the witness has said for long. */
function standby(more: Begin = {}): PairBench {
  const bench = backupBench({ overrides, ...more });
  tell(bench, others(), 0);
  bench.says({ witness: 'seen' }, null);
  bench.pass(1_000);
  return bench;
}

/** An Active that holds the lease; granted at 0, where the clock stands. */
function holder(more: Begin = {}): PairBench {
  const bench = activeBench({ overrides, ...more });
  bench.says({ witness: 'seen' }, null);
  tell(bench, ours(0), 0);
  bench.pass(1_000);
  return bench;
}

/** Nothing comes from the peer any more. @returns when its last message came. */
function lose(bench: PairBench): number {
  bench.advertise(false);
  bench.cut();
  return bench.lastHeardAt();
}

/** Renews the lease every second. */
function renewing(bench: PairBench, from: number, until: number): string[] {
  const lines: string[] = [];
  for (let at = from; at <= until; at += SECOND) {
    lines.push(...bench.pass(at), ...tell(bench, ours(at), at));
  }
  return lines;
}

describe('a Backup whose peer falls silent, with a witness', () => {
  it('asks when its timer fires, and takes the role when the peer has let go for certain', () => {
    const bench = standby();
    const heardAt = lose(bench);
    const early = bench.pass(ACTIVE_DOWN - 1);
    const asks = bench.pass(ACTIVE_DOWN);
    bench.pass(5_900_000);
    tell(bench, ours(5_900_000), 5_900_000);
    const waits = bench.pass(heardAt + TTL - 1);
    const takes = bench.pass(heardAt + TTL);

    assert.deepEqual([...moves(early), ...orders(early)], []);
    assert.deepEqual([...moves(asks), ...orders(asks)], [`${ACTIVE_DOWN} witness hold`]);
    assert.deepEqual(moves(waits), []);
    assert.deepEqual(moves(takes), [`${heardAt + TTL} lan Backup -> Active witness-granted`]);
  });

  it('takes nothing when its timer fires before enough checks have failed: the Active was asked, and was silent', () => {
    const peerCheck = {
      interval: microseconds(100_000),
      failureThreshold: 10,
      recoveryThreshold: 5,
    };
    const routers = [router({ advertisementInterval: centiseconds(20) })];
    const bench = standby({ routers, overrides: { witness, peerCheck } });
    lose(bench);
    const lines = bench.pass(2 * SECOND);
    assert.deepEqual(moves(lines), []);
    assert.match(orders(lines)[0] ?? '', / witness hold$/);
  });

  it('says again that it asks, as long as it does', () => {
    const bench = standby();
    lose(bench);
    bench.pass(ACTIVE_DOWN);
    const said = orders(bench.pass(ACTIVE_DOWN + SECOND));
    assert.deepEqual(said, [
      `${ACTIVE_DOWN + 500_000} witness hold`,
      `${ACTIVE_DOWN + SECOND} witness hold`,
    ]);
  });

  it('stays without the lease, for ever', () => {
    for (const fact of [others(), FREE, AWAY]) {
      const bench = standby();
      lose(bench);
      const lines = bench.pass(5 * SECOND);
      tell(bench, fact, 5 * SECOND);
      lines.push(...bench.pass(60 * SECOND));
      assert.deepEqual(moves(lines), [], fact.kind);
      assert.equal(known(bench).asks, true);
    }
  });

  it('does not take it with a lease that is about to end', () => {
    const bench = standby();
    lose(bench);
    bench.pass(5 * SECOND);
    tell(bench, ours(2 * SECOND), 5 * SECOND);
    const lines = bench.pass(20 * SECOND);
    assert.deepEqual(moves(lines), []);
  });

  it('asks no more when the peer is in touch again, and gives back what it got', () => {
    const bench = standby();
    lose(bench);
    bench.pass(5 * SECOND);
    tell(bench, ours(5 * SECOND), 5 * SECOND);
    bench.mend();
    bench.advertise(5_200_000);
    const lines = bench.pass(20 * SECOND);
    assert.deepEqual(moves(lines), []);
    assert.equal(orders(lines).at(-1)?.split(' ').at(-1), 'release');
    assert.equal(known(bench).asks, false);
  });

  it('asks no more when it hears an advertisement', () => {
    const bench = standby();
    lose(bench);
    bench.pass(5 * SECOND);
    assert.deepEqual(orders(bench.hear('lan', { priority: 200 }, 5 * SECOND)), ['witness watch']);
    assert.equal(known(bench).asks, false);
  });

  it('needs it, too, to take over after a farewell, or from a lower priority, over a dead HA port', () => {
    const farewell = standby();
    farewell.cut();
    farewell.pass(2 * SECOND);
    farewell.advertise(false);
    const lines = farewell.hear('lan', { priority: 0 }, 2 * SECOND);
    lines.push(...farewell.pass(4 * SECOND));
    assert.deepEqual(moves(lines), []);
    assert.equal(known(farewell).asks, true);

    const lower = standby();
    lower.says({ effectivePriority: 50 }, null);
    lower.cut();
    const heard = lower.pass(20 * SECOND);
    assert.deepEqual([...moves(heard), ...orders(heard)], [], 'an advertisement is a path');
    assert.equal(known(lower).asks, false);
  });

  it('takes the role after a farewell at once while the peer is in touch', () => {
    const bench = standby();
    const lines = bench.hear('lan', { priority: 0 }, 50_000);
    assert.deepEqual(moves(lines), ['lan Backup -> Active priority-zero']);
    assert.deepEqual(orders(lines), ['witness hold']);
  });

  it('believes a peer that speaks, and says that it does not hold, without waiting for its time', () => {
    const bench = standby();
    tell(bench, others(SECOND), 1_000);
    lose(bench);
    bench.pass(ACTIVE_DOWN);
    tell(bench, ours(ACTIVE_DOWN), ACTIVE_DOWN);
    // It hears us no longer, so it answers nothing.
    bench.pass(4 * SECOND);
    bench.says({ state: 'Backup', addressesPresent: false }, 4 * SECOND, { on: HA });
    const lines = bench.pass(4 * SECOND);
    assert.deepEqual(moves(lines), [`${4 * SECOND} lan Backup -> Active witness-granted`]);
  });

  it('stays beside a peer that speaks and says that it is Active', () => {
    const bench = standby();
    tell(bench, others(SECOND), 1_000);
    lose(bench);
    bench.pass(ACTIVE_DOWN);
    tell(bench, ours(ACTIVE_DOWN), ACTIVE_DOWN);
    bench.pass(5_900_000);
    bench.says({}, 5_900_000, { on: HA });
    assert.deepEqual(moves(bench.pass(6_100_000)), []);
  });
});

describe('a lease that ended before its time, or unseen', () => {
  for (const [how, before, after] of [
    ['the witness was emptied', others(), FREE],
    ['another took it meanwhile, and it is ours at once', others(), null],
    ['the witness did not answer when it ended', AWAY, FREE],
  ] as const) {
    it(`counts after a whole ttl only: ${how}`, () => {
      const bench = standby();
      const heardAt = lose(bench);
      bench.pass(5 * SECOND);
      tell(bench, before, 5 * SECOND);
      const at = heardAt + TTL;
      bench.pass(at);
      if (after !== null) tell(bench, after, at);
      const lines = [...tell(bench, ours(at), at), ...renewing(bench, at + SECOND, at + TTL)];
      assert.deepEqual(moves(lines), [`${at + TTL} lan Backup -> Active witness-granted`]);
    });
  }

  it('counts at once when it was seen to end in time', () => {
    const bench = standby();
    const heardAt = lose(bench);
    tell(bench, others(TTL), 1_000);
    bench.pass(ACTIVE_DOWN);
    const at = heardAt + TTL + 100_000;
    bench.pass(at);
    tell(bench, FREE, at);
    tell(bench, ours(at), at);
    assert.deepEqual(moves(bench.pass(at)), [`${at} lan Backup -> Active witness-granted`]);
  });

  it('is waited for by whoever starts and hears nobody', () => {
    const bench = new PairBench([router()], overrides);
    bench.cut();
    bench.start(0);
    tell(bench, FREE, 0);
    const asks = bench.pass(ACTIVE_DOWN);
    assert.equal(known(bench).asks, true, asks.join('\n'));
    tell(bench, ours(5 * SECOND), 5 * SECOND);
    assert.deepEqual(moves(bench.pass(8 * SECOND)), [
      `${TTL} lan Backup -> Active witness-granted`,
    ]);
  });

  it('is waited for by the address owner, too', () => {
    const bench = new PairBench([router({ priority: 255 })], overrides);
    bench.cut();
    assert.deepEqual(moves(bench.start(0)), ['lan Initialize -> Backup startup']);
    assert.deepEqual(moves(bench.pass(60 * SECOND)), []);
  });
});

describe('an Active with a witness', () => {
  it('keeps its lease warm from the first moment, and says so again and again', () => {
    const bench = standby();
    bench.pass(100_000);
    const lines = bench.hear('lan', { priority: 0 }, 150_000);
    bench.says({ state: 'Backup', addressesPresent: false }, null);
    lines.push(...bench.pass(150_000 + SECOND));
    assert.deepEqual(orders(lines), [
      'witness hold',
      '650000 witness hold',
      '1150000 witness hold',
    ]);
  });

  it('stays whatever the witness does while the peer is in touch', () => {
    for (const fact of [AWAY, FREE, others()]) {
      const bench = holder();
      tell(bench, fact, 1_000);
      assert.deepEqual(moves(bench.pass(60 * SECOND)), [], fact.kind);
    }
  });

  it('cut off, it stays while the lease is renewed, and leaves in time when it is not', () => {
    const bench = holder();
    lose(bench);
    assert.deepEqual(moves(renewing(bench, SECOND, 20 * SECOND)), []);
    const leaveAt = 20 * SECOND + SURE - MARGIN;
    assert.deepEqual(moves(bench.pass(leaveAt - 1)), []);
    const lines = bench.pass(leaveAt);
    assert.deepEqual(lines, [
      `${leaveAt} lan advertise 0`,
      `${leaveAt} lan remove`,
      `${leaveAt} lan Active -> Backup witness-lost`,
      `${leaveAt} tell sound: Backup 200 releasing`,
      `${leaveAt} witness watch`,
      `${leaveAt} hold until ever`,
    ]);
  });

  it('cut off without a lease, it holds for a ttl by the last answer of its peer, counted from the question', () => {
    const bench = holder();
    tell(bench, others(), 1_000);
    bench.pass(SECOND + 1_000);
    const { askedAt } = bench.peer();
    assert.equal(bench.instance.checkpoint().witness?.contacts['there']?.askedAt, askedAt);
    lose(bench);
    const leaveAt = askedAt + SURE - MARGIN;
    assert.deepEqual(moves(bench.pass(leaveAt - 500_001)), []);
    const [left] = moves(bench.pass(leaveAt));
    assert.match(left ?? '', / lan Active -> Backup witness-lost$/);
  });

  it('leaves at once when a lease that it was cut off with is another’s', () => {
    const bench = holder();
    lose(bench);
    renewing(bench, SECOND, 10 * SECOND);
    bench.pass(10_100_000);
    tell(bench, others(), 10_100_000);
    assert.deepEqual(moves(bench.pass(10_100_000)), ['10100000 lan Active -> Backup witness-lost']);
  });

  it('gives the lease back to a successor that is there', () => {
    const bench = holder();
    bench.take({ kind: 'operator', command: 'failover' }, 10_000);
    const lines = bench.says({ state: 'Active', addressesPresent: true }, 20_000);
    assert.deepEqual(moves(lines), ['lan Active -> Backup failover']);
    assert.deepEqual(orders(lines), ['witness release']);
    assert.deepEqual(orders(bench.pass(5 * SECOND)), [], 'it stays so');
  });

  it('gives it back when it stops beside a peer', () => {
    const bench = holder();
    assert.deepEqual(orders(bench.take({ kind: 'stop' }, 10_000)), ['witness release']);
  });

  it('lets it end by its time when it stops cut off: its addresses may stand for a moment yet', () => {
    const bench = holder();
    lose(bench);
    renewing(bench, SECOND, 3 * SECOND);
    bench.pass(3 * SECOND);
    assert.deepEqual(orders(bench.take({ kind: 'stop' }, 3 * SECOND)), ['witness watch']);
  });

  it('says until when its addresses may be kept, when that has moved on by a twelfth of a ttl', () => {
    const bench = holder();
    const lines = bench.pass(SECOND).filter((text) => text.includes('hold until'));
    assert.ok(lines.length >= 1 && lines.length <= 3, lines.join('\n'));
    const [at, until] = (lines.at(-1) ?? '').split(' hold until ').map(Number);
    assert.ok(until !== undefined && at !== undefined && until > at + SURE - 200_000);
    assert.equal(known(bench).holdUntil, until);
  });

  it('has less time after the machine was suspended', () => {
    const bench = holder();
    lose(bench);
    bench.pass(SECOND);
    tell(bench, ours(SECOND), SECOND);
    bench.take({ kind: 'suspended', by: microseconds(3 * SECOND) }, SECOND);
    const leaveAt = SECOND + SURE - MARGIN - 3 * SECOND;
    assert.deepEqual(moves(bench.pass(leaveAt)), [`${leaveAt} lan Active -> Backup witness-lost`]);
    bench.take({ kind: 'suspended', by: microseconds(SECOND) }, 10 * SECOND);
    assert.equal(known(bench).oursUntil, SECOND + SURE - 4 * SECOND);
  });
});

describe('a witness that both have lost', () => {
  /** Both have said so, and each has heard it. */
  function bothAway(bench: PairBench): void {
    tell(bench, AWAY, 1_000);
    bench.says({ witness: 'away' }, null);
    bench.pass(500_000);
    assert.deepEqual(known(bench).without, ['there']);
  }

  it('lets a Backup take the role of a dead Active as if there were none, and raises an alarm', () => {
    const bench = standby();
    bothAway(bench);
    lose(bench);
    const lines = bench.pass(3 * SECOND);
    assert.deepEqual(
      moves(lines).map((text) => text.split(' ').slice(1).join(' ')),
      ['lan Backup -> Active peer-dead'],
    );
    const said = lines.filter((text) => text.includes('without-witness'));
    assert.deepEqual(
      said.map((text) => text.split(' ').slice(1).join(' ')),
      ['instance report without-witness: there'],
    );
    assert.equal(known(bench).holdUntil, null);
  });

  it('lets an Active keep the role, until the lease is another’s', () => {
    const bench = holder();
    bothAway(bench);
    lose(bench);
    assert.deepEqual(moves(bench.pass(60 * SECOND)), []);
    tell(bench, FREE, 60 * SECOND);
    assert.deepEqual(moves(bench.pass(61 * SECOND)), [], 'it is about to take the lease itself');
    tell(bench, others(), 61 * SECOND);
    assert.deepEqual(moves(bench.pass(61 * SECOND)), [
      `${61 * SECOND} lan Active -> Backup witness-lost`,
    ]);
  });

  it('counts again once it has granted the lease', () => {
    const bench = holder();
    bothAway(bench);
    lose(bench);
    bench.pass(20 * SECOND);
    tell(bench, ours(20 * SECOND), 20 * SECOND);
    assert.deepEqual(known(bench).without, []);
    tell(bench, AWAY, 21 * SECOND);
    const lines = moves(bench.pass(60 * SECOND));
    assert.deepEqual(lines, [`${20 * SECOND + SURE - MARGIN} lan Active -> Backup witness-lost`]);
  });

  it('is lost by both only when each has heard the other say so', () => {
    const bench = standby();
    tell(bench, AWAY, 1_000);
    bench.pass(500_000);
    assert.deepEqual(known(bench).without, [], 'the peer sees it');
    bench.says({ witness: 'away' }, null);
    bench.pass(600_000);
    assert.deepEqual(known(bench).without, ['there']);
    tell(bench, others(), 650_000);
    assert.deepEqual(known(bench).without, ['there'], 'not told yet');
    bench.pass(SECOND);
    assert.deepEqual(known(bench).without, []);
  });

  it('is told when it goes, and when it is back', () => {
    const bench = activeBench({ overrides });
    const of = (lines: readonly string[]): string[] =>
      lines.filter((text) => text.includes('report witness'));
    assert.deepEqual(of(tell(bench, AWAY, 1_000)), [
      'instance report witness-away: no answer within 1500 ms',
    ]);
    assert.deepEqual(of(tell(bench, AWAY, 2_000)), []);
    assert.deepEqual(of(tell(bench, FREE, 3_000)), ['instance report witness-back: ']);
    assert.deepEqual(of(tell(bench, ours(4_000), 4_000)), []);
  });
});

describe('a group of three, with a witness', () => {
  const peers = [THERE, THIRD];

  it('hands the role over without the lease while the one that leaves is in touch', () => {
    const bench = standby({ peers });
    bench.says({ witness: 'seen' }, null, { peer: 'third' });
    bench.cut([HA_THIRD, LAN_THIRD], 'third');
    bench.pass(2 * SECOND);
    assert.deepEqual(known(bench).outOfTouch, ['third']);
    const lines = bench.says({ releasing: true }, 2_010_000);
    assert.deepEqual(moves(lines), ['lan Backup -> Active peer-released']);
    bench.advertise(false);
    bench.says({ state: 'Backup', addressesPresent: false, releasing: false }, 2_020_000);
    assert.deepEqual(moves(bench.pass(60 * SECOND)), [], 'some peer is in touch');
  });

  it('needs the lease when the Active is the one that is silent', () => {
    const bench = standby({ peers });
    lose(bench);
    assert.deepEqual(moves(bench.pass(60 * SECOND)), []);
    assert.equal(known(bench).asks, true);
  });
});

describe('the settings', () => {
  it('may name a witness later, and none any more', () => {
    const bench = activeBench();
    bench.says({ witness: 'seen' }, null);
    bench.configure([router({ priority: 200 })], SECOND, { peers: [THERE], witness });
    tell(bench, ours(SECOND), SECOND);
    bench.pass(2 * SECOND);
    assert.notEqual(known(bench).holdUntil, null);
    const lines = bench.configure([router({ priority: 200 })], 2 * SECOND, { peers: [THERE] });
    assert.ok(lines.includes('hold until ever'), lines.join('\n'));
    lose(bench);
    assert.deepEqual(moves(bench.pass(60 * SECOND)), []);
  });

  it('name one in vain where there is no peer', () => {
    const bench = new PairBench([router()], overrides, []);
    bench.start(0);
    assert.deepEqual(moves(bench.pass(10 * SECOND)), [
      `${ACTIVE_DOWN} lan Backup -> Active no-response`,
    ]);
    assert.equal(bench.instance.snapshot(instant(0)).witness, null);
  });
});

it('a peer that was never in touch is no more so after the machine was suspended', () => {
  const bench = new PairBench([router()], overrides);
  bench.cut();
  bench.start(0);
  bench.says({}, 1_000, { on: HA });
  bench.take({ kind: 'suspended', by: microseconds(SECOND) }, 2_000);
  assert.deepEqual(known(bench, 2_000).outOfTouch, ['there']);
});

it('what is known survives a checkpoint, and one of an earlier release has nothing to say', () => {
  const bench = holder();
  const checkpoint = bench.instance.checkpoint();
  const again = Instance.restore(checkpoint).snapshot(instant(0));
  assert.deepEqual(again.witness, known(bench));
  const { witness: _, ...earlier } = checkpoint;
  assert.equal(Instance.restore(earlier).snapshot(instant(0)).witness?.fact, null);
});
